"""Activations and losses that a program selects by number, so that one program serves several of them.

All of them are computed, and one is selected. This costs little compared with the matrix products, while
compiling a program for each one would take longer than running it.
"""

from collections.abc import Sequence

import jax

import nnjax


def activation(names: Sequence[str], index: jax.Array) -> nnjax.Activation:
    """Make the activation with this index (int32) in `names`, which are names in `nnjax.ACTIVATIONS`."""
    known = [nnjax.ACTIVATIONS[name] for name in names]
    return nnjax.Activation(
        lambda z: jax.lax.select_n(index, *(each.value(z) for each in known)),
        lambda z, a: jax.lax.select_n(index, *(each.derivative(z, a) for each in known)),
    )


def loss(names: Sequence[str], index: jax.Array) -> nnjax.Loss:
    """Make the loss with this index (int32) in `names`, which are names in `nnjax.LOSSES`.

    Such a loss does not check that outputs and labels suit it; for example, it accepts outputs that are not
    logits.
    """
    known = [nnjax.LOSSES[name] for name in names]
    return nnjax.Loss(
        lambda y, y_hat: jax.lax.select_n(index, *(each.value(y, y_hat) for each in known)),
        lambda y, y_hat: jax.lax.select_n(index, *(each.derivative(y, y_hat) for each in known)),
    )
