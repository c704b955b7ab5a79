"""Training one network: the four steps of the handout's summary, repeated over rows and epochs.

`train` is pure, and is not jitted itself: jit it, vmap it over seeds, or give `nnjax.sweep` a function of a
key that calls it.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, PRNGKeyArray

from nnjax import checks, losses, native
from nnjax.backprop import matrix_change, matrix_deltas
from nnjax.epochs import CURVES, History, Measure, Paused, Start, State, Task, fresh, run
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
from nnjax.optimisers import turns
from nnjax.stopping import Stop


def train_step(
    network: Network,
    params: Params,
    x: ArrayLike,
    y: ArrayLike,
    alpha: float | Array,
    loss: losses.Kind = "sse",
) -> Params:
    """Update once, from one example: w + α · δ · activation and b + α · δ (handout, "To sum up").

    Args:
        network: The network.
        params: Its parameters.
        x: One example (in,).
        y: Its label (out,).
        alpha: The learning rate.
        loss: A name in `nnjax.LOSSES`, an `nnjax.Loss`, or a function (y, ŷ) -> L.

    Raises:
        TypeError: If alpha is not a single number; otherwise as in `nnjax.forward`.
        ValueError: As in `nnjax.forward` and `nnjax.deltas`.
    """
    params, resolved = check_params(network, params), loss_of(network, loss)
    dtype = params[0].weights.dtype
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
    loss: losses.Kind = "sse",
    stop: Stop | None = None,
    view: str = "matrix",
    record_every: int | None = None,
    measures: Mapping[str, Measure] | None = None,
    row_weights: ArrayLike | None = None,
    resumable: bool = False,
    resume: History | None = None,
) -> tuple[Params, History]:
    """Train by gradient descent on a loss summed over each batch, in one `lax.scan` over the epochs.

    With `optax.sgd(α)` the update for each batch is w - α Σₙ ∂Lₙ/∂w: the handout's weight changes,
    accumulated over the rows of the batch (footnote 12). With batch_size=1 an epoch is the same as in the
    handout: one row at a time.

    Args:
        network: The network.
        params: The parameters to start from.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        optimizer: Any optax optimiser, including those that need the loss itself (optax.lbfgs, polyak_sgd);
            its learning rate may be traced. The exceptions are optax.lookahead, which needs another kind of
            parameters, and optax.contrib.sam, which needs the gradient as a function.
        epochs: Passes over the data; with `resume`, the number of further passes.
        batch_size: The number of rows per update; None means all of them. Every row is used once per epoch;
            if the size does not divide n, the epoch ends with a batch of the rows left over.
        key: Shuffles the rows in each epoch, by fold_in(key, epoch); None keeps their order. With a key made
            from the seed, each seed has a different order of rows; with one fixed key, all seeds have the
            same order. A single batch of all rows has no order and needs no key.
        loss: A name in `nnjax.LOSSES`, an `nnjax.Loss`, or a function (y, ŷ) -> L.
        stop: When to stop early. With None, training never stops early, and nothing is checked on the way; a
            run that has diverged by its end is still marked as diverged.
        view: "matrix"; "columns" for weights (out, in) and one example per column; or "nodes" for the
            node-by-node pass, which is faster for tiny networks over many seeds (see `nnjax.fastest_view`).
            "native" is compiled by the machine's C++ compiler, in seconds, and is the fastest for batches; it
            does plain gradient descent on the SSE in float32 on CPUs (see `nnjax.native`).
            An optimiser that looks at whole arrays, their shapes or names (a mask by ndim, LAMB, clipping by
            the norm) is given the same matrices in every view. "nodes" takes a long time to compile with
            epochs=1 and more than four layers.
        record_every: Record curves every `record_every` epochs.
        measures: Your own curves besides "loss", "gradient_norm" and "validation": for each name, a function
            of params that returns a number (or an array), as in {"accuracy": lambda p:
            nnjax.accuracy(network, p, *test)}. They need `record_every`.
        row_weights: Weights (n,) of the rows, 0 or more; the loss is then Σₙ wₙ Lₙ. For class weights c (k,)
            and one-hot ys, pass ys @ c. Validation losses and measures are not weighted.
        resumable: Whether `history.state` keeps what is needed to resume, such as the optimiser's state and
            the epoch.
        resume: The history of a resumable run; pass the parameters that were returned with it. Training then
            continues as if it had not been interrupted. For example, 50 epochs and then 50 more give the same
            result as 100, bit for bit, given the same data, key, optimiser and view (under vmap, up to
            rounding). `record_every` counts from the start of the resumed run.

    Returns:
        The parameters that were reached (with `Stop(patience=)`, those with the lowest validation loss), and
        the `History`.

    Raises:
        TypeError: If epochs, batch_size or record_every is not an integer, or optimizer is not an optax
            optimiser.
        ValueError: If a shape does not fit, a batch is larger than the data, a name is unknown, row weights
            are below 0, measures are given without record_every, the parameters or the optimiser do not fit
            `resume`, or view="native" does not know the loss, the optimiser or an activation.
        RuntimeError: If view="native" finds no C++ compiler, or the compiler fails.
    """
    params, xs, ys, resolved = check_batch(network, params, xs, ys, loss)
    _check_options(optimizer, key, stop)
    epochs = checks.count("epochs", epochs, least=0)
    record_every = None if record_every is None else checks.count("record_every", record_every)
    size = len(xs) if batch_size is None else checks.count("batch_size", batch_size, most=len(xs))
    view = checks.canonical("view", view, native.LAYOUTS)
    layout = native.LAYOUTS[view]
    held_out = _held_out(network, stop, xs.dtype, resolved)
    weighted, ys = _weighted(resolved, ys, row_weights)
    task = Task(
        network,
        layout,
        weighted,
        xs,
        ys,
        held_out,
        resolved,
        optimizer,
        *turns(optimizer, params, layout),
        stop or Stop(),
        size,
        key,
        1 if record_every is None else record_every,
        _measures(measures, record_every),
    )
    if view == native.NAME:
        task = task._replace(descent=native.descent(network, params, xs, ys, weighted, optimizer, size))
    start = fresh(task, params) if resume is None else _resumed(task, params, resume, view)
    end, history = run(task, start, epochs, record_every, stops=stop is not None)
    if not resumable:
        history = history._replace(state=None)
    return end, history


def _check_options(optimizer: Any, key: PRNGKeyArray | None, stop: Stop | None) -> None:
    if not (hasattr(optimizer, "init") and hasattr(optimizer, "update")):
        raise TypeError(f"optimizer must be an optax optimiser, such as optax.sgd(0.1); got {optimizer!r}")
    if key is not None:
        checks.random_key(key)
    if not (stop is None or isinstance(stop, Stop)):
        raise TypeError(f"stop must be a nnjax.Stop or None, got {stop!r}")


def _measures(measures: Mapping[str, Measure] | None, record_every: int | None) -> dict[str, Measure]:
    if not measures:
        return {}
    if not isinstance(measures, Mapping):
        raise TypeError(f"measures must be a mapping of names to functions, got {type(measures).__name__}")
    if record_every is None:
        raise ValueError("measures need record_every=, which says how often they are taken")
    for name, function in measures.items():
        if name in CURVES:
            raise ValueError(f"measures must not be called {name!r}, which train records itself")
        checks.functions(**{f"measure {name!r}": function})
    return dict(measures)


def _weighted(loss: Loss, ys: Array, row_weights: ArrayLike | None) -> tuple[Loss, Array]:
    """Add the row weights to the labels as a last column; return a loss that reads it, and these labels."""
    if row_weights is None:
        return loss, ys
    weights = checks.real_array("row_weights", row_weights, ys.dtype)
    if weights.shape != ys.shape[:1]:
        raise ValueError(f"row_weights have shape {weights.shape}, expected ({len(ys)},): one per row")
    checks.not_negative("row_weights", weights)
    value, derivative = loss.value, loss.derivative
    return (
        dataclasses.replace(
            loss,
            value=lambda y, y_hat: y[-1] * value(y[:-1], y_hat),
            derivative=lambda y, y_hat: y[-1] * derivative(y[:-1], y_hat),
            per_node=False,
        ),
        jnp.concatenate([ys, weights[:, None]], axis=1),
    )


def _held_out(
    network: Network, stop: Stop | None, dtype: jnp.dtype, loss: Loss
) -> tuple[Array, Array] | None:
    if stop is None or stop.validation is None:
        return None
    return check_rows(network, *stop.validation[:2], dtype, loss, ("validation xs", "validation ys"))


def _resumed(task: Task, params: Params, history: History, view: str) -> Start:
    """Resume from a history; refuse it unless it fits the parameters, optimiser, view and patience."""
    paused = getattr(history, "state", None)
    if not isinstance(paused, Paused):
        raise ValueError(
            "resume must be the History of nnjax.train(..., resumable=True), which keeps its state"
        )
    if view != paused.view:
        raise ValueError(f"resume goes on in view={paused.view!r}, got {view!r}")
    if (paused.best is None) != (task.stop.patience is None):
        raise ValueError("resume needs stop=Stop(patience=) in both runs, or in neither")
    last = check_params(task.network, paused.params)
    returned = last if paused.best is None else paused.best.params
    if not _same(params, returned):
        raise ValueError("params must be those that were returned together with the history to resume")
    start = task.layout.enter(last)
    expected = jax.eval_shape(task.optimizer.init, task.to_optimizer(start))
    if jax.tree.map(jnp.shape, expected) != jax.tree.map(jnp.shape, paused.optimizer):
        raise ValueError(
            "optimizer is not the one that made the history to resume: its state has other shapes"
        )
    best = paused.best and paused.best._replace(params=task.layout.enter(paused.best.params))
    return Start(State(start, paused.optimizer, paused.epochs, best), paused.number, paused.at_first)


def _same(one: Params, other: Params) -> bool:
    """Check whether two sets of parameters are the same bit for bit; values that are not known yet pass."""
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(isinstance(a, Tracer) or isinstance(b, Tracer) or checks.same_bits(a, b) for a, b in pairs)
