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
import optax
from jaxtyping import Array, ArrayLike, Bool, Float, Int, PRNGKeyArray

from nnjax import checks, kernels
from nnjax.backprop import matrix_change, matrix_deltas
from nnjax.losses import Loss
from nnjax.network import (
    Layer,
    Network,
    Params,
    check_batch,
    check_params,
    check_rows,
    loss_of,
    matrix_forward,
)
from nnjax.nodewise import Rows
from nnjax.shuffle import permutation
from nnjax.views import VIEWS, View

REASONS = ("epochs", "validation", "stable", "diverged")
"""Why a run stopped: `REASONS[history.reason]`."""


@dataclasses.dataclass(frozen=True, eq=False)
class Stop:
    """When to stop before the last epoch (handout: "or until some stopping criterion is reached").

    Looked at before every epoch and after the last. A run that has stopped keeps its parameters, bit for bit.

    Attributes:
        gradient_norm: Stable state: stop once √(Σ g²) of the whole data's gradient is below this.
        validation: (xs, ys, threshold): stop once the loss summed over these rows is below the threshold.
        diverged: Stop once the loss summed over the training data is not finite, or more than `diverged`
            times what it was at the start (or 1, where it started below); 1 or more.

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
        checks.number("diverged", self.diverged, least=1.0)
        if self.gradient_norm is not None:
            checks.number("gradient_norm", self.gradient_norm, above=0.0)
        if self.validation is not None:
            checks.number("validation threshold", self.validation[2], above=0.0)


class History(NamedTuple):
    """What a run reports besides its parameters.

    Attributes:
        loss: Summed over the training data, at the parameters returned.
        epochs: Number of epochs done.
        reason: Index into `REASONS`: all epochs done, validation loss reached, stable state, diverged.
        curves: With `record_every=k`, values after 0, k, 2k, ... epochs: "loss", "gradient_norm", and
            "validation" where there is such data; constant from where the run stopped. Empty otherwise.
    """

    loss: Float[Array, ""]
    epochs: Int[Array, ""]
    reason: Int[Array, ""]
    curves: dict[str, Float[Array, " k"]]


def train_step(
    network: Network, params: Params, x: ArrayLike, y: ArrayLike, alpha: float | Array, loss: str = "sse"
) -> Params:
    """w + α · δ · activation and b + α · δ: update by one example (handout, "To sum up").

    Args:
        network: The network.
        params: Its parameters.
        x: One example (in,).
        y: Its label (out,).
        alpha: Learning rate.
        loss: A name in `nnjax.LOSSES`.

    Raises:
        TypeError: alpha is not one number; otherwise as `nnjax.forward`.
        ValueError: As `nnjax.forward` and `nnjax.deltas`.
    """
    dtype, resolved = check_params(network, params), loss_of(network, loss)
    x = checks.example("x", x, network.sizes[0], dtype)
    y = checks.example("y", y, network.sizes[-1], dtype, resolved.label_range)
    checks.number("alpha", alpha)
    alpha = jnp.asarray(alpha, dtype)
    trace = matrix_forward(network, params, x)
    deltas = matrix_deltas(network, params, trace, y, resolved)
    changes = [
        matrix_change(alpha, delta, a) for delta, a in zip(deltas, trace.activations[:-1], strict=True)
    ]
    return tuple(
        Layer(layer.weights + change, layer.biases + alpha * delta if network.biases else layer.biases)
        for layer, change, delta in zip(params, changes, deltas, strict=True)
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
    """Train by gradient descent on a loss summed over each batch; one `lax.scan` over the epochs.

    With `optax.sgd(α)` each batch's update is w - α Σₙ ∂Lₙ/∂w, the handout's weight changes accumulated over
    the batch's rows (footnote 12); batch_size=1 is the handout's own epoch, one row at a time.

    Args:
        network: The network.
        params: Where it starts.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        optimizer: Any optax optimiser, also one that wants the loss itself (optax.lbfgs, polyak_sgd); its
            learning rate may be traced. Not optax.lookahead, which wants another kind of parameters, nor
            optax.contrib.sam, which wants the gradient as a function.
        epochs: Passes over the data.
        batch_size: Rows per update; None for all of them. Every row comes once per epoch; when the size
            does not divide n, the epoch ends with a batch of the rows left over.
        key: Shuffles the rows again in each epoch, by fold_in(key, epoch); None keeps their order. With a key
            made from the seed each seed sees the rows in another order; with one fixed key, in the same. One
            batch of all rows has no order, and needs no key.
        loss: A name in `nnjax.LOSSES`.
        stop: When to stop early. None never does, and costs nothing; a run that has diverged by its end is
            still marked.
        view: "matrix"; "columns" for weights (out, in) and one example per column; or "nodes" for the
            node-by-node pass, the faster one for tiny networks over many seeds (see `nnjax.fastest_view`).
            In it each weight is a separate parameter, so that an optimiser that looks at whole arrays
            (adafactor, lars, lamb) acts differently. With epochs=1 and more than four layers it takes long
            to compile.
        record_every: Record curves every `record_every` epochs.

    Returns:
        The parameters reached, and the `History`.

    Raises:
        TypeError: epochs, batch_size or record_every is not an integer; optimizer is no optax optimiser.
        ValueError: A shape that does not fit, a batch larger than the data, an unknown name.
    """
    xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    _check_options(optimizer, epochs, key, stop, record_every)
    size = len(xs) if batch_size is None else checks.count("batch_size", batch_size, most=len(xs))
    layout = checks.lookup("view", view, VIEWS)
    held_out = _held_out(network, stop, xs.dtype, resolved)
    task = _Task(network, layout, resolved, xs, ys, held_out, optimizer, stop or Stop(), size, key)
    end, history = _run(task, layout.enter(params), epochs, record_every, stops=stop is not None)
    return layout.leave(end), history


def _check_options(
    optimizer: Any, epochs: int, key: PRNGKeyArray | None, stop: Stop | None, record_every: int | None
) -> None:
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise TypeError(f"optimizer must be an optax optimiser, as optax.sgd(0.1); got {optimizer!r}")
    checks.count("epochs", epochs, least=0)
    if key is not None:
        checks.random_key(key)
    if not (stop is None or isinstance(stop, Stop)):
        raise TypeError(f"stop must be a nnjax.Stop or None, got {stop!r}")
    if record_every is not None:
        checks.count("record_every", record_every)


class _Task(NamedTuple):
    """What stays the same from the first epoch to the last."""

    network: Network
    layout: View
    loss: Loss
    xs: Rows
    ys: Rows
    held_out: tuple[Array, Array] | None
    optimizer: optax.GradientTransformation
    stop: Stop
    batch_size: int
    key: PRNGKeyArray | None


class _State(NamedTuple):
    """What an epoch changes: parameters in the task's layout, the optimiser's state, the epochs done."""

    params: Any
    optimizer: Any
    epochs: Int[Array, ""]


def _held_out(
    network: Network, stop: Stop | None, dtype: jnp.dtype, loss: Loss
) -> tuple[Array, Array] | None:
    if stop is None or stop.validation is None:
        return None
    return check_rows(network, *stop.validation[:2], dtype, loss, ("validation xs", "validation ys"))


def _run(task: _Task, start: Any, epochs: int, record_every: int | None, stops: bool) -> tuple[Any, History]:
    """All epochs from `start` on, parameters in the task's layout; without `stops`, to the last one."""
    at_first = _total_loss(task, start, task.xs, task.ys)
    judge = functools.partial(_judge, stop=task.stop, at_first=at_first)
    several = _several(task, judge if stops else None)
    state = _State(start, task.optimizer.init(start), jnp.zeros((), jnp.int32))
    state, curves = _epochs(several, state, epochs, record_every, functools.partial(_measure, task))
    values = _measure(task, state.params)
    return state.params, History(values["loss"], state.epochs, judge(values), curves)


def _total_loss(task: _Task, params: Any, xs: Rows, ys: Rows) -> Array:
    return task.layout.total_loss(task.network, params, xs, ys, task.loss)


def _gradients(task: _Task, params: Any, xs: Rows, ys: Rows) -> Any:
    return task.layout.gradients(task.network, params, xs, ys, task.loss)


def _step(task: _Task, carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], None]:
    """One update of (parameters, optimiser's state) by a batch: these rows, or all where `rows` is None."""
    params, state = carry
    xs, ys = (task.xs, task.ys) if rows is None else (task.xs[rows], task.ys[rows])
    grads = _gradients(task, params, xs, ys)
    extra = {}
    if isinstance(task.optimizer, optax.GradientTransformationExtraArgs):

        def value(params: Any) -> Array:
            return _total_loss(task, params, xs, ys)

        extra = {"value": value(params), "grad": grads, "value_fn": value}
    updates, moved = task.optimizer.update(grads, state, params, **extra)
    return (optax.apply_updates(params, updates), _as_before(moved, state)), None


def _epoch(task: _Task, judge: Callable | None, state: _State, number: Array) -> tuple[_State, None]:
    """One epoch, unless `judge` says that the run has stopped."""
    after = _State(*_pass(task, (state.params, state.optimizer), number), state.epochs + 1)
    if judge is None:
        return after, None
    return _where(judge(_measure(task, state.params)) == 0, after, state), None


def _pass(task: _Task, carry: tuple[Any, Any], number: Array) -> tuple[Any, Any]:
    """All rows once: the full batches in a scan, then the rows left over.

    The order comes from the loop's number of the epoch, not from how many a run has done: under vmap all runs
    then share it where they share the key, also after some have stopped.
    """
    step, rows, size = functools.partial(_step, task), len(task.xs), task.batch_size
    if size == rows:
        return step(carry, None)[0]
    order = jnp.arange(rows) if task.key is None else permutation(jax.random.fold_in(task.key, number), rows)
    full = rows - rows % size
    carry, _ = jax.lax.scan(step, carry, order[:full].reshape(-1, size))
    return step(carry, order[full:])[0] if full < rows else carry


def _several(task: _Task, judge: Callable | None) -> Callable[[_State, Array], _State]:
    """Many epochs as a function of the state before them and of their numbers."""
    whole = judge is None and task.layout is VIEWS["nodes"] and task.batch_size == len(task.xs)
    if whole and kernels.on_nvidia():
        return functools.partial(_in_kernel, task)
    epoch = functools.partial(_epoch, task, judge)
    return lambda state, numbers: jax.lax.scan(epoch, state, numbers)[0]


def _in_kernel(task: _Task, state: _State, numbers: Array) -> _State:
    """Epochs of one batch each, all numbers apart, as a GPU's kernel wants them."""
    apart = task._replace(xs=_apart(task.xs), ys=_apart(task.ys))
    start = state.params, state.optimizer
    params, optimizer = kernels.repeat(lambda carry: _step(apart, carry, None)[0], start, len(numbers))
    return _State(params, optimizer, state.epochs + len(numbers))


def _apart(rows: Rows) -> Rows:
    return tuple(tuple(row[i] for i in range(len(row))) for row in rows)


def _epochs(
    several: Callable, state: _State, epochs: int, record_every: int | None, measure: Callable
) -> tuple[_State, dict[str, Array]]:
    """All epochs, and the curves at 0, k, 2k, ... of them."""
    if record_every is None:
        return several(state, jnp.arange(epochs)), {}
    full = epochs - epochs % record_every

    def stretch(state: _State, numbers: Array) -> tuple[_State, dict[str, Array]]:
        state = several(state, numbers)
        return state, measure(state.params)

    first = measure(state.params)
    state, later = jax.lax.scan(stretch, state, jnp.arange(full).reshape(-1, record_every))
    state = several(state, jnp.arange(full, epochs))
    return state, jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)


def _measure(task: _Task, params: Any) -> dict[str, Array]:
    """What stopping and curves look at: loss, gradient norm and validation loss at given parameters."""
    values = {
        "loss": _total_loss(task, params, task.xs, task.ys),
        "gradient_norm": optax.tree.norm(_gradients(task, params, task.xs, task.ys)),
    }
    if task.held_out is not None:
        values["validation"] = _total_loss(task, params, *task.held_out)
    return values


def _judge(values: dict[str, Array], stop: Stop, at_first: Array) -> Int[Array, ""]:
    """Return the reason to stop at these values, 0 for none; divergence comes first."""
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
    """Keep an optimiser's state in its first dtypes: a traced rate may be wider than the parameters."""
    return jax.tree.map(lambda a, b: jnp.asarray(a, jnp.asarray(b).dtype), new, old)


def _where(chosen: Bool[Array, ""], new: Any, old: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(chosen, a, b), new, old)
