"""The table of cases that every gradient test runs over, and the assertion that all these tests share.

Every entry of nnjax.ACTIVATIONS and nnjax.LOSSES is in some case: an entry that no case in the table uses
gets a case to itself.
"""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax

RTOL = 1e-10  # float64 is exact to 1e-16; results that lose six digits by cancellation still pass


@dataclasses.dataclass(frozen=True)
class Case:
    """A network, a loss and a number of rows; network and rows are large enough for tests to catch slips."""

    sizes: tuple[int, ...]
    activations: tuple
    loss: str = "sse"
    rows: int = 7
    biases: bool = True

    @property
    def network(self) -> nnjax.Network:
        return nnjax.Network(self.sizes, self.activations, self.biases)

    def draw(self, seed: int = 0, dtype=jnp.float64):
        """Draw parameters with non-zero biases (where there are any), inputs and labels."""
        # NumPy draws the numbers, since jax.random would compile thirty small programs for each case.
        rng = np.random.default_rng(seed)
        params = tuple(
            nnjax.Layer(
                jnp.asarray(rng.normal(0, 0.7, shape), dtype),
                jnp.asarray(rng.normal(0, 0.7 * self.biases, shape[1]), dtype),
            )
            for shape in itertools.pairwise(self.sizes)
        )
        xs = jnp.asarray(rng.normal(size=(self.rows, self.sizes[0])), dtype)
        ys = jnp.asarray(rng.uniform(*label_range(self.loss), (self.rows, self.sizes[-1])), dtype)
        return params, xs, ys


def label_range(loss: str) -> tuple[float, float]:
    """Return the lowest and highest label to draw."""
    return nnjax.LOSSES[loss].label_range or (0, 1)


def output_for(loss: str, otherwise: str = "identity") -> str:
    """Return an output activation that the loss accepts."""
    return "identity" if nnjax.LOSSES[loss].logits else otherwise


# Few shapes, so that the cases share their single operations where nothing is compiled whole.
CASES = {
    "sigmoid": Case((3, 5, 4, 2), ("sigmoid", "sigmoid", "sigmoid")),
    "relu": Case((4, 6, 5, 3), ("relu", "relu", "identity")),
    "equal widths": Case((3, 3, 3, 3), ("tanh", "sigmoid", "sigmoid")),
    "relu then sigmoid": Case((3, 5, 4, 2), ("relu", "sigmoid", "tanh")),
    "per node": Case(
        (2, 3, 3, 2), (("relu", "sigmoid", "elu"), ("gelu", "tanh", "silu"), ("sigmoid", "identity"))
    ),
    "smooth": Case((3, 5, 4, 2), ("softplus", "silu", "gelu")),
    "kinked": Case((3, 5, 4, 2), ("leaky_relu", "elu", "identity")),
    "binary": Case((3, 5, 4, 2), ("tanh", "sigmoid", "identity"), "binary_cross_entropy"),
    "softmax": Case((4, 6, 5, 3), ("relu", "tanh", "identity"), "softmax_cross_entropy"),
    "no biases": Case((3, 5, 4, 2), ("sigmoid", "relu", "sigmoid"), biases=False),
    "deep": Case((3, 4, 5, 4, 3, 2), ("tanh", "sigmoid", "relu", "sigmoid", "identity")),
}


def used_activations(case: Case) -> set[str]:
    """Return the names of the activations in a case."""
    return {name for names in case.activations for name in ((names,) if isinstance(names, str) else names)}


CASES |= {
    f"activation {name}": Case((3, 5, 4, 2), (name, name, "identity"))
    for name in nnjax.ACTIVATIONS
    if not any(name in used_activations(case) for case in CASES.values())
}
CASES |= {
    f"loss {name}": Case((3, 5, 4, 2), ("tanh", "sigmoid", output_for(name, "sigmoid")), name)
    for name in nnjax.LOSSES
    if not any(name == case.loss for case in CASES.values())
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def assert_same_gradients(got, expected, rtol: float = RTOL) -> None:
    """Assert equality layer by layer, with only a relative tolerance; if it fails, print the ratio."""
    assert len(got) == len(expected)
    for index, (layer, reference) in enumerate(zip(got, expected, strict=True)):
        for name in ("weights", "biases"):
            value, truth = np.asarray(getattr(layer, name)), np.asarray(getattr(reference, name))
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = value / truth
            np.testing.assert_allclose(
                value, truth, rtol=rtol, atol=0, err_msg=f"layer {index} {name}: ratio {ratio}"
            )


def assert_close_in_each_layer(got, expected, rtol: float) -> None:
    """Assert that each layer's largest error is small, relative to that layer's largest number.

    This is for float32: if the terms of a sum cancel, the rounding error is bounded relative to the terms,
    but not relative to the sum.
    """
    for index, (layer, reference) in enumerate(zip(got, expected, strict=True)):
        for name in ("weights", "biases"):
            value, truth = np.asarray(getattr(layer, name)), np.asarray(getattr(reference, name))
            largest = np.max(np.abs(truth))
            error = np.max(np.abs(value - truth))
            assert error <= rtol * largest, f"layer {index} {name}: {error} of {largest}"


def assert_gradients_of(way, case: Case, seed: int = 0) -> None:
    """Run the real test: assert that a backward pass, `way`, equals jax.grad(total_loss)."""
    params, xs, ys = case.draw(seed)
    got = way(case.network, params, xs, ys, case.loss)
    assert_same_gradients(got, truth(case, params, xs, ys))


def jitted(way):
    """Compile as one program with a static loss name: compiling single operations takes ten times as long."""
    return jax.jit(way, static_argnums=4)


gradients = jitted(nnjax.gradients)
_gradient = jitted(jax.grad(nnjax.total_loss, argnums=1))


def truth(case: Case, params, xs, ys):
    """Return jax.grad of the total loss."""
    return _gradient(case.network, params, xs, ys, case.loss)
