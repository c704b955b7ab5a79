"""When training stops before its last epoch, and which parameters it then returns."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from nnjax import checks

REASONS = ("epochs", "validation", "stable", "diverged", "patience")
"""The reasons why a run stopped: `REASONS[history.reason]`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stop:
    """When to stop before the last epoch (handout: "or until some stopping criterion is reached").

    The criteria are checked before every epoch and after the last. A run that has stopped keeps its
    parameters, bit for bit.

    Attributes:
        gradient_norm: Stop at a stable state: once √(Σ g²), the norm of the gradient over all the data, is
            below this number.
        validation: Either (xs, ys), together with `patience`, or (xs, ys, threshold): stop once the loss
            summed over these rows is below the threshold. Pass the training rows themselves to stop at a
            training loss.
        patience: Stop once the validation loss has not fallen below its lowest value for this many checks in
            a row; however the run ends, return the parameters with the lowest validation loss. Checks are
            made at the start and after every epoch, or, with `record_every=k`, after every k-th epoch.
        diverged: Stop once the loss summed over the training data is not finite, or is more than `diverged`
            times the loss at the start (or more than `diverged`, if the loss started below 1). `diverged`
            must be 1 or more.

    Raises:
        TypeError: If a threshold is not a number, or patience is not an integer.
        ValueError: If a threshold is not positive, diverged or patience is below 1, validation has the wrong
            number of entries, or patience is given without validation.
    """

    gradient_norm: float | Array | None = None
    validation: tuple[ArrayLike, ArrayLike] | tuple[ArrayLike, ArrayLike, float | Array] | None = None
    patience: int | None = None
    diverged: float | Array = 1e6

    def __post_init__(self) -> None:
        checks.number("diverged", self.diverged, least=1.0)
        if self.gradient_norm is not None:
            checks.number("gradient_norm", self.gradient_norm, above=0.0)
        if self.patience is not None:
            object.__setattr__(self, "patience", checks.count("patience", self.patience))
        self._check_validation()

    def _check_validation(self) -> None:
        if self.validation is None:
            if self.patience is not None:
                raise ValueError("patience needs validation=(xs, ys), the rows whose loss it watches")
            return
        lengths = (3,) if self.patience is None else (2, 3)
        if not isinstance(self.validation, tuple | list) or len(self.validation) not in lengths:
            raise ValueError("validation must be (xs, ys, threshold), or (xs, ys) with patience=")
        if len(self.validation) == 3:
            checks.number("validation threshold", self.threshold, above=0.0)

    @property
    def threshold(self) -> Any:
        """The validation loss to stop at, if there is one."""
        return self.validation[2] if self.validation is not None and len(self.validation) == 3 else None


class Best(NamedTuple):
    """The parameters with the lowest validation loss so far.

    Attributes:
        params: The parameters.
        loss: The validation loss of these parameters; infinite before the first check.
        epoch: The number of epochs after which these parameters were reached.
        waited: The number of checks made since the lowest validation loss.
        checked: The number of the epoch before which the last check was made; -1 before the first check.
    """

    params: Any
    loss: Float[Array, ""]
    epoch: Int[Array, ""]
    waited: Int[Array, ""]
    checked: Int[Array, ""]


def none_yet(params: Any, dtype: jnp.dtype) -> Best:
    """Return the state before the first check."""
    zero = jnp.zeros((), jnp.int32)
    return Best(params, jnp.asarray(jnp.inf, dtype), zero, zero, zero - 1)


def watched(best: Best, params: Any, loss: Array, epoch: Array, number: Array) -> Best:
    """Return the state after a check before the epoch with this number; a loss of NaN is no improvement."""
    found = Best(params, loss, epoch, jnp.zeros((), jnp.int32), number)
    return where(loss < best.loss, found, best._replace(waited=best.waited + 1, checked=number))


def judge(values: dict[str, Array], stop: Stop, at_first: Array, best: Best | None) -> Int[Array, ""]:
    """Return the reason to stop at these values, or 0 for none; divergence comes first, patience last."""
    reason = jnp.zeros((), jnp.int32)
    if best is not None and stop.patience is not None:
        reason = jnp.where(best.waited >= stop.patience, REASONS.index("patience"), reason)
    if stop.gradient_norm is not None:
        reason = jnp.where(values["gradient_norm"] < stop.gradient_norm, REASONS.index("stable"), reason)
    if stop.threshold is not None:
        reason = jnp.where(values["validation"] < stop.threshold, REASONS.index("validation"), reason)
    wide = at_first.dtype if at_first.dtype.itemsize >= 4 else jnp.float32  # a million overflows float16
    limit = jnp.asarray(stop.diverged, wide) * jnp.maximum(at_first, 1).astype(wide)
    bounded = jnp.isfinite(values["loss"]) & (values["loss"].astype(wide) <= limit)
    return jnp.where(bounded, reason, REASONS.index("diverged")).astype(jnp.int32)


def where(chosen: Bool[Array, ""], new: Any, old: Any) -> Any:
    """Choose between two pytrees."""
    return jax.tree.map(lambda a, b: jnp.where(chosen, a, b), new, old)
