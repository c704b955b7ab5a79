"""The epochs of one training run: updates, stopping checks and curves; arguments are not checked here."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, ArrayLike, Float, Int, PRNGKeyArray

from nnjax import kernels, loops, stopping
from nnjax.losses import Loss
from nnjax.native import NAME, Descent
from nnjax.network import Network, Params
from nnjax.nodewise import Rows, scalar_gradients
from nnjax.optimisers import as_it_is
from nnjax.shuffle import permutation
from nnjax.stopping import Stop
from nnjax.views import VIEWS, View

Measure = Callable[[Params], ArrayLike]
CURVES = ("loss", "gradient_norm", "validation")
"""What `record_every` records, besides the user's measures."""


@functools.partial(
    jax.tree_util.register_dataclass,
    data_fields=["params", "optimizer", "epochs", "number", "best", "at_first"],
    meta_fields=["view"],
)
@dataclasses.dataclass(frozen=True)
class Paused:
    """The state in which a run ended, so that it can be continued from there.

    Attributes:
        params: The run's last parameters, even if `Stop(patience=)` returned better ones.
        optimizer: The optimiser's state.
        epochs: The number of epochs done.
        number: The number of epochs that the run was given, whether done or not; the next epoch gets this
            number.
        best: The best parameters found so far, if `Stop(patience=)` was used.
        at_first: The loss at the very start, with which later losses are compared to detect divergence.
        view: The view in which the run was computed.
    """

    params: Params
    optimizer: Any
    epochs: Int[Array, ""]
    number: Int[Array, ""]
    best: stopping.Best | None
    at_first: Float[Array, ""]
    view: str


class History(NamedTuple):
    """What a run reports besides its parameters.

    Attributes:
        loss: The loss at the returned parameters, summed over the training data (with the rows' weights).
        epochs: The number of epochs done, including the epochs of earlier runs that this run resumes.
        reason: An index into `REASONS`: all epochs were done, the validation loss was reached, the state
            became stable, the run diverged, or patience ran out.
        curves: With `record_every=k`, the values after 0, k, 2k, ... epochs of "loss", "gradient_norm",
            "validation" if there are validation rows, and your own measures. Curves are constant after the
            run has stopped. Without `record_every` there are no curves.
        best_epoch: With `Stop(patience=)`, the number of epochs after which the returned parameters were
            reached.
        state: With `resumable=True`, the state from which `resume=` continues.
    """

    loss: Float[Array, ""]
    epochs: Int[Array, ""]
    reason: Int[Array, ""]
    curves: dict[str, Float[Array, "k ..."]]
    best_epoch: Int[Array, ""] | None = None
    state: Paused | None = None


class Task(NamedTuple):
    """What stays the same from the first epoch to the last."""

    network: Network
    layout: View
    loss: Loss
    xs: Rows
    ys: Rows
    held_out: tuple[Array, Array] | None
    held_out_loss: Loss
    optimizer: optax.GradientTransformation
    to_optimizer: Callable[[Any], Any]
    from_optimizer: Callable[[Any], Any]
    stop: Stop
    batch_size: int
    key: PRNGKeyArray | None
    check_every: int
    measures: dict[str, Measure]
    descent: Descent | None = None


class State(NamedTuple):
    """What an epoch changes: parameters in the task's layout, optimiser's state and number of epochs done."""

    params: Any
    optimizer: Any
    epochs: Int[Array, ""]
    best: stopping.Best | None = None


class Start(NamedTuple):
    """Where a run starts, after how many epochs, and the loss to which later losses are compared."""

    state: State
    number: Int[Array, ""] | None
    at_first: Array


def fresh(task: Task, params: Params) -> Start:
    """Start at these parameters."""
    start = task.layout.enter(params)
    best = None if task.stop.patience is None else stopping.none_yet(start, params[0].weights.dtype)
    state = State(start, task.optimizer.init(task.to_optimizer(start)), jnp.zeros((), jnp.int32), best)
    return Start(state, None, _total_loss(task, start, task.xs, task.ys))


def run(
    task: Task, start: Start, epochs: int, record_every: int | None, stops: bool
) -> tuple[Params, History]:
    """Run the epochs from `start`; unless `stops` is true, run all of them."""
    judge = functools.partial(stopping.judge, stop=task.stop, at_first=start.at_first)
    several = _several(task, judge if stops else None)
    first = 0 if start.number is None else start.number
    state, curves = _epochs(task, several, start.state, first, epochs, record_every)
    values = _measure(task, state.params)
    if state.best is not None:
        state = state._replace(best=_look(task, state, values, first + epochs))
    history = History(values["loss"], state.epochs, judge(values, best=state.best), curves)
    leave, end = task.layout.leave, state.params
    best = state.best and state.best._replace(params=leave(state.best.params))
    number = jnp.asarray(first + epochs, jnp.int32)
    paused = Paused(leave(end), state.optimizer, state.epochs, number, best, start.at_first, _view(task))
    if state.best is not None:
        end = state.best.params
        at_best = _total_loss(task, end, task.xs, task.ys)
        history = history._replace(loss=at_best, best_epoch=state.best.epoch)
    return leave(end), history._replace(state=paused)


def _view(task: Task) -> str:
    """Name the task's view."""
    if task.descent is not None:
        return NAME
    return next(name for name, layout in VIEWS.items() if layout is task.layout)


def _total_loss(task: Task, params: Any, xs: Rows, ys: Rows) -> Array:
    return task.layout.total_loss(task.network, params, xs, ys, task.loss)


def _gradients(task: Task, params: Any, xs: Rows, ys: Rows) -> Any:
    return task.layout.gradients(task.network, params, xs, ys, task.loss)


def _step(task: Task, carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], None]:
    """Update (parameters, optimiser's state) with one batch: the given rows, or all if `rows` is None."""
    params, state = carry
    xs, ys = (task.xs, task.ys) if rows is None else (task.xs[rows], task.ys[rows])
    grads = task.to_optimizer(_gradients(task, params, xs, ys))
    params = task.to_optimizer(params)
    extra = {}
    if isinstance(task.optimizer, optax.GradientTransformationExtraArgs):

        def value(params: Any) -> Array:
            return _total_loss(task, task.from_optimizer(params), xs, ys)

        extra = {"value": value(params), "grad": grads, "value_fn": value}
    updates, moved = task.optimizer.update(grads, state, params, **extra)
    return (task.from_optimizer(optax.apply_updates(params, updates)), _as_before(moved, state)), None


def _epoch(task: Task, judge: Callable | None, state: State, number: Array) -> tuple[State, None]:
    """Run one epoch, unless `judge` says that the run has stopped."""
    after = State(*_pass(task, (state.params, state.optimizer), number), state.epochs + 1, state.best)
    if judge is None:
        return after, None
    values = _measure(task, state.params)
    if state.best is not None:
        best = _look(task, state, values, number)
        state, after = state._replace(best=best), after._replace(best=best)
    return stopping.where(judge(values, best=state.best) == 0, after, state), None


def _look(task: Task, state: State, values: dict[str, Array], number: Array | int) -> stopping.Best:
    """Compare the validation loss with the best one so far, if a check is due before this epoch."""
    assert state.best is not None
    number = jnp.asarray(number, jnp.int32)
    best = stopping.watched(state.best, state.params, values["validation"], state.epochs, number)
    # A run looks at its last state, and the run that goes on from there would look at it once more.
    due = (number % task.check_every == 0) & (number != state.best.checked)
    return stopping.where(due, best, state.best)


def _pass(task: Task, carry: tuple[Any, Any], number: Array) -> tuple[Any, Any]:
    """Go through all rows once: first the full batches, in a scan, then the rows left over.

    The order depends on the loop's epoch number, not on how many epochs a run has done: under vmap, runs with
    the same key therefore share one order, even after some of the runs have stopped.
    """
    if task.descent is not None:
        return task.descent(carry[0], _order(task, number), passes=1), carry[1]
    step, rows, size = functools.partial(_step, task), len(task.xs), task.batch_size
    if size == rows:
        return _whole(task, carry)
    order, full = _order(task, number), rows - rows % size
    carry, _ = jax.lax.scan(step, carry, order[:full].reshape(-1, size))
    return step(carry, order[full:])[0] if full < rows else carry


def _keeps_order(task: Task) -> bool:
    """Check whether every epoch takes the rows in the order in which they are given."""
    return task.key is None or task.batch_size == len(task.xs)


def _order(task: Task, number: Array | int) -> Array:
    """Order the rows for the epoch with this number."""
    if _keeps_order(task):
        return jnp.arange(len(task.xs))
    assert task.key is not None
    return permutation(jax.random.fold_in(task.key, number), len(task.xs))


def _several(task: Task, judge: Callable | None) -> Callable[[State, Array], State]:
    """Make a function that runs the epochs with the given numbers from a given state."""
    by_number = task.to_optimizer is as_it_is
    whole = judge is None and task.layout is VIEWS["nodes"] and task.batch_size == len(task.xs)
    if whole and by_number:
        return functools.partial(_repeated, task)
    if task.descent is not None and judge is None and _keeps_order(task):
        return functools.partial(_descended, task)
    epoch = functools.partial(_epoch, task, judge)
    return lambda state, numbers: jax.lax.scan(epoch, state, numbers)[0]


def _descended(task: Task, state: State, numbers: Array) -> State:
    """Run epochs that all take the rows in the same order, in one call of the compiled library."""
    assert task.descent is not None
    count = len(numbers)
    params = task.descent(state.params, _order(task, 0), passes=count)
    return state._replace(params=params, epochs=state.epochs + count)


def _repeated(task: Task, state: State, numbers: Array) -> State:
    """Run epochs of one batch each, as a GPU kernel or, if a step is small enough, in one loop."""
    plain = task.layout._replace(gradients=scalar_gradients)
    apart = task._replace(xs=_apart(task.xs), ys=_apart(task.ys), layout=plain)
    step, usual = functools.partial(_whole, apart), functools.partial(_whole, task)
    start, count = (state.params, state.optimizer), len(numbers)
    if kernels.on_nvidia():
        params, optimizer = kernels.repeat(step, start, count)
    else:
        params, optimizer = loops.repeat(step, start, count, otherwise=usual)
    return State(params, optimizer, state.epochs + count, state.best)


def _whole(task: Task, carry: tuple[Any, Any]) -> tuple[Any, Any]:
    """Update (parameters, optimiser's state) with a batch of all rows."""
    return _step(task, carry, None)[0]


def _apart(rows: Rows) -> Rows:
    return tuple(tuple(row[i] for i in range(len(row))) for row in rows)


def _epochs(
    task: Task, several: Callable, state: State, first: Array | int, epochs: int, record_every: int | None
) -> tuple[State, dict[str, Array]]:
    """Run all epochs, and record the curves after 0, k, 2k, ... epochs."""
    numbers = jnp.arange(epochs) if isinstance(first, int) else first + jnp.arange(epochs, dtype=jnp.int32)
    if record_every is None:
        return several(state, numbers), {}
    full = epochs - epochs % record_every

    def stretch(state: State, numbers: Array) -> tuple[State, dict[str, Array]]:
        state = several(state, numbers)
        return state, _record(task, state.params)

    at_first = _record(task, state.params)
    state, later = jax.lax.scan(stretch, state, numbers[:full].reshape(-1, record_every))
    state = several(state, numbers[full:]) if full < epochs else state
    return state, jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), at_first, later)


def _measure(task: Task, params: Any) -> dict[str, Array]:
    """Compute loss, gradient norm and validation loss at given parameters, for stopping and for curves."""
    values = {
        "loss": _total_loss(task, params, task.xs, task.ys),
        "gradient_norm": optax.tree.norm(_gradients(task, params, task.xs, task.ys)),
    }
    if task.held_out is not None:
        values["validation"] = task.layout.total_loss(
            task.network, params, *task.held_out, task.held_out_loss
        )
    return values


def _record(task: Task, params: Any) -> dict[str, Array]:
    """Compute one point of the curves."""
    own = {}
    for name, function in task.measures.items():
        own[name] = jnp.asarray(function(task.layout.leave(params)))
    return _measure(task, params) | own


def _as_before(new: Any, old: Any) -> Any:
    """Keep an optimiser's state in its original dtypes, since a traced rate may widen them."""
    return jax.tree.map(lambda a, b: jnp.asarray(a, jnp.asarray(b).dtype), new, old)
