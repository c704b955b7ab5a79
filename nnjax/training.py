"""Training one network: the four steps of the handout's summary, repeated over rows and epochs.

`train` is pure and not jitted itself: jit it, vmap it over seeds, or hand a function of a key that calls
it to `nnjax.sweep`.
"""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray

from nnjax import checks
from nnjax.backprop import deltas, weight_change
from nnjax.network import Layer, Network, Params, check_batch, check_loss, check_params, forward
from nnjax.shuffle import permutation
from nnjax.views import VIEWS, View

REASONS = ("epochs", "validation", "stable", "diverged")
"""Why a run stopped: `REASONS[history.reason]`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stop:
    """When to stop before the last epoch (handout: "or until some stopping criterion is reached").

    Looked at before every epoch and after the last. A run that stopped keeps its parameters, bit by bit.

    Attributes:
        gradient_norm: Stable state: stop once √(Σ g²) of the whole data's gradient is below this.
        validation: (xs, ys, threshold): stop once the loss summed over these rows is below the threshold.
        diverged: Stop once the loss summed over the training data is not finite, or more than so many times
            what it was at the start (or 1, where it started below); 1 or more.

    Raises:
        TypeError: A threshold that is no number.
        ValueError: A threshold that is not positive, diverged below 1, or validation that is no such triple.
    """

    gradient_norm: float | Array | None = None
    validation: tuple[ArrayLike, ArrayLike, float | Array] | None = None
    diverged: float | Array = 1e6

    def __post_init__(self) -> None:
        if self.validation is not None and (
            not isinstance(self.validation, tuple | list) or len(self.validation) != 3
        ):
            raise ValueError("validation must be (xs, ys, threshold)")
        _check_limit("diverged", self.diverged, least=1.0)
        if self.gradient_norm is not None:
            _check_limit("gradient_norm", self.gradient_norm)
        if self.validation is not None:
            _check_limit("validation threshold", self.validation[2])


def _check_limit(name: str, value: Any, least: float = 0.0) -> None:
    kind = value.dtype if isinstance(value, Tracer) else np.asarray(value).dtype
    real = jnp.issubdtype(kind, jnp.integer) or jnp.issubdtype(kind, jnp.floating)
    if np.ndim(value) != 0 or not real:
        raise TypeError(f"{name} must be one number, got {value!r}")
    if not isinstance(value, Tracer) and not (value >= least and value > 0):
        raise ValueError(f"{name} must be {f'{least:g} or more' if least else 'above 0'}, got {value}")


class History(NamedTuple):
    """What remains of a run beside its parameters.

    Attributes:
        loss: Summed over the training data, at the parameters returned.
        epochs: How many were done.
        reason: Index into `REASONS`: all epochs done, validation loss reached, stable state, diverged.
        curves: With `record_every=k`, values after 0, k, 2k, ... epochs: "loss", "gradient_norm", and
            "validation" where there is such data; flat from where the run stopped. Empty otherwise.
    """

    loss: Float[Array, ""]
    epochs: Int[Array, ""]
    reason: Int[Array, ""]
    curves: dict[str, Float[Array, " k"]]


def train_step(
    network: Network, params: Params, x: ArrayLike, y: ArrayLike, alpha: float | Array, loss: str = "sse"
) -> Params:
    """One example's update, w + α · δ · activation and b + α · δ (handout, "To sum up").

    Args:
        network: The network.
        params: Its parameters.
        x: One example (in,).
        y: Its label (out,).
        alpha: Learning rate.
        loss: A name in `nnjax.LOSSES`.
    """
    alpha = jnp.asarray(alpha, check_params(network, params))
    trace = forward(network, params, x)
    delta = deltas(network, params, trace, y, loss)
    changes = [weight_change(alpha, d, a) for d, a in zip(delta, trace.activations[:-1], strict=True)]
    return tuple(
        Layer(layer.weights + change, layer.biases + alpha * d if network.biases else layer.biases)
        for layer, change, d in zip(params, changes, delta, strict=True)
    )


def train(
    network: Network,
    params: Params,
    xs: ArrayLike,
    ys: ArrayLike,
    *,
    optimizer: optax.GradientTransformation,
    epochs: int,
    batch_size: int | None = None,
    key: PRNGKeyArray | None = None,
    loss: str = "sse",
    stop: Stop | None = None,
    view: str = "matrix",
    record_every: int | None = None,
) -> tuple[Params, History]:
    """Gradient descent on SSE or another loss, summed over each batch; one `lax.scan` over the epochs.

    With `optax.sgd(α)` each batch's update is w - α Σₙ ∂Lₙ/∂w, the handout's weight changes accumulated over
    the batch's rows (footnote 12); batch_size=1 is the handout's own epoch, one row at a time.

    Args:
        network: The network.
        params: Where it starts.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        optimizer: Any optax optimiser, also one that wants the loss itself (optax.lbfgs, polyak_sgd); its
            learning rate may be traced. Not optax.lookahead, which wants parameters of its own kind, nor
            optax.contrib.sam, which wants the gradient as a function.
        epochs: Passes over the data.
        batch_size: Rows per update; None for all of them. Every row comes once per epoch; when the size
            does not divide n, the epoch ends with a batch of the rows left over.
        key: Shuffles the rows anew in each epoch, by fold_in(key, epoch); None keeps their order. A key made
            from the seed gives every seed its own order; one fixed key gives all seeds the same order.
        loss: A name in `nnjax.LOSSES`.
        stop: When to stop early. None never does, and costs nothing; a run that has diverged by its end is
            still marked.
        view: "matrix"; "columns" for weights (out, in) and one example per column; or "nodes" for the
            node-by-node pass, the faster one for tiny networks over many seeds (see `nnjax.fastest_view`).
            In it every weight is a parameter of its own, so that an optimiser that looks at whole arrays
            (adafactor, lars, lamb) acts differently. With epochs=1 and more than four layers it takes long
            to compile.
        record_every: Record curves every so many epochs.

    Returns:
        The parameters reached, and the `History`.

    Raises:
        TypeError: epochs, batch_size or record_every is not an integer; optimizer is no optax optimiser.
        ValueError: A shape that does not fit, a batch larger than the data, an unknown name.
    """
    xs, ys = check_batch(network, params, xs, ys, loss)
    checks.count("epochs", epochs, least=0)
    if key is not None:
        checks.random_key(key)
    batch_size = len(xs) if batch_size is None else checks.count("batch_size", batch_size, most=len(xs))
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise TypeError(f"optimizer must be an optax optimiser, as optax.sgd(0.1); got {optimizer!r}")
    if not (stop is None or isinstance(stop, Stop)):
        raise TypeError(f"stop must be a nnjax.Stop or None, got {stop!r}")
    laid_out = checks.lookup("view", view, VIEWS)
    measure = _measures(network, laid_out, xs, ys, loss, stop or Stop())
    start = laid_out.enter(params)
    at_first = laid_out.total_loss(network, start, xs, ys, loss)
    judge = functools.partial(_judge, stop=stop or Stop(), at_first=at_first)

    def update(carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], None]:
        now, state = carry
        batch_xs, batch_ys = (xs, ys) if rows is None else (xs[rows], ys[rows])
        grads = laid_out.gradients(network, now, batch_xs, batch_ys, loss)
        extra = {}
        if isinstance(optimizer, optax.GradientTransformationExtraArgs):

            def value(layout: Any) -> Array:
                return laid_out.total_loss(network, layout, batch_xs, batch_ys, loss)

            extra = {"value": value(now), "grad": grads, "value_fn": value}
        updates, moved = optimizer.update(grads, state, now, **extra)
        return (optax.apply_updates(now, updates), _as_before(moved, state)), None

    def epoch(run: tuple[Any, Any, Array], number: Array) -> tuple[tuple[Any, Any, Array], None]:
        now, state, done = run
        moved, moved_state = _pass(update, (now, state), len(xs), batch_size, key, number)
        after = (moved, moved_state, done + 1)
        if stop is None:
            return after, None
        return _where(judge(measure(now)) == 0, after, run), None

    run = (start, optimizer.init(start), jnp.zeros((), jnp.int32))
    run, curves = _epochs(epoch, run, epochs, record_every, measure)
    values = measure(run[0])
    return laid_out.leave(run[0]), History(values["loss"], run[2], judge(values), curves)


def _pass(
    update: Callable, carry: Any, rows: int, batch_size: int, key: PRNGKeyArray | None, number: Array
) -> Any:
    """One epoch: the full batches in a scan, then the rows left over.

    The order comes from the loop's own number of the epoch, not from how many a run has done: under vmap all
    runs then share it where they share the key, also after some have stopped.
    """
    if batch_size == rows:
        return update(carry, None)[0]
    order = jnp.arange(rows) if key is None else permutation(jax.random.fold_in(key, number), rows)
    full = rows - rows % batch_size
    carry, _ = jax.lax.scan(update, carry, order[:full].reshape(-1, batch_size))
    return update(carry, order[full:])[0] if full < rows else carry


def _epochs(
    epoch: Callable, run: Any, epochs: int, record_every: int | None, measure: Callable
) -> tuple[Any, dict[str, Array]]:
    """All epochs, and the curves at 0, k, 2k, ... of them."""
    if record_every is None:
        return jax.lax.scan(epoch, run, jnp.arange(epochs))[0], {}
    k = checks.count("record_every", record_every)
    full = epochs - epochs % k

    def stretch(run: Any, numbers: Array) -> tuple[Any, dict[str, Array]]:
        run, _ = jax.lax.scan(epoch, run, numbers)
        return run, measure(run[0])

    first = measure(run[0])
    run, later = jax.lax.scan(stretch, run, jnp.arange(full).reshape(-1, k))
    run, _ = jax.lax.scan(epoch, run, jnp.arange(full, epochs))
    return run, jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)


def _measures(
    network: Network, view: View, xs: Array, ys: Array, loss: str, stop: Stop
) -> Callable[[Any], dict[str, Array]]:
    """What stopping and curves look at: loss, gradient norm and validation loss at given parameters."""
    held_out = None
    if stop.validation is not None:
        held_out = tuple(
            checks.batch(f"validation {name}", values, width, xs.dtype)
            for name, values, width in zip(
                ("xs", "ys"), stop.validation[:2], (network.sizes[0], network.sizes[-1]), strict=True
            )
        )
        if len(held_out[0]) != len(held_out[1]):
            raise ValueError(f"validation xs have {len(held_out[0])} rows, ys {len(held_out[1])}")
        check_loss(network, loss, **{"validation ys": stop.validation[1]})

    def measure(now: Any) -> dict[str, Array]:
        values = {
            "loss": view.total_loss(network, now, xs, ys, loss),
            "gradient_norm": optax.tree.norm(view.gradients(network, now, xs, ys, loss)),
        }
        if held_out is not None:
            values["validation"] = view.total_loss(network, now, *held_out, loss)
        return values

    return measure


def _judge(values: dict[str, Array], stop: Stop, at_first: Array) -> Int[Array, ""]:
    """The reason to stop at these values, 0 for none; divergence comes first."""
    reason = jnp.zeros((), jnp.int32)
    if stop.gradient_norm is not None:
        reason = jnp.where(values["gradient_norm"] < stop.gradient_norm, 2, reason)
    if stop.validation is not None:
        reason = jnp.where(values["validation"] < stop.validation[2], 1, reason)
    wide = at_first.dtype if at_first.dtype.itemsize >= 4 else jnp.float32  # a million is no float16
    limit = jnp.asarray(stop.diverged, wide) * jnp.maximum(at_first, 1).astype(wide)
    bounded = jnp.isfinite(values["loss"]) & (values["loss"].astype(wide) <= limit)
    return jnp.where(bounded, reason, 3).astype(jnp.int32)


def _as_before(new: Any, old: Any) -> Any:
    """An optimiser's state in the dtypes it began with: a traced rate may be wider than the parameters."""
    return jax.tree.map(lambda a, b: jnp.asarray(a, jnp.asarray(b).dtype), new, old)


def _where(chosen: Bool[Array, ""], new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(chosen, a, b), new, old)
