"""The checks: each compares what this device computes with the reference."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnjax import backprop, columnwise, network, nodewise
from nnjax.doctor.reference import (
    RATE,
    Arrays,
    Drawn,
    Problem,
    draw,
    numpy_forward,
    numpy_gradients,
    numpy_printed,
    numpy_training,
)
from nnjax.network import Layer, Network, Params

# Rounding costs one or two eps per operation, and about ten times as much in sums whose terms cancel, in the
# worst of thousands of seeds. On some devices exp is less accurate by a few eps. The faults that must not be
# missed are larger: products rounded to TF32 (5e-4), float64 that is really float32 (6e-8), a wrong row.
TOLERANCES = {dtype: 1000 * float(np.finfo(dtype).eps) for dtype in ("float32", "float64")}

# The smallest number of rows for which jaxlib 0.10.2 is wrong; see nnjax/doctor/__init__.py.
ROWS = {"float32": 32769, "float64": 16385}

NO_FLOAT64 = "not available: this device has no float64. Use float32 on this device, or float64 on a CPU."

Pair = tuple[Arrays, Arrays]
"""The results of the device and of NumPy, one array per layer; they are compared line by line."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One comparison with NumPy.

    Attributes:
        name: What was checked, and in which dtype.
        compared: The network, and the numbers of rows, seeds and steps.
        error: The largest max |device - NumPy| / max |NumPy| over layers and seeds; None if it
            was not measured.
        tolerance: The largest error that passes.
        passed: Whether the error is small enough; float64 checks pass unmeasured on devices without float64.
        decisive: Whether the exit status depends on this check. It does not depend on a check of something
            that nnjax never computes but that the newest jaxlib for Python 3.11 gets wrong, since no better
            version can be installed for that Python.
        note: Why the error was not measured.
    """

    name: str
    compared: str
    error: float | None
    tolerance: float
    passed: bool
    decisive: bool = True
    note: str = ""


def on_device(problem: Problem, dtype: str) -> tuple[Network, Params, Array, Array]:
    """Send what `draw` returned to the device; return a sigmoid network, params, xs and ys."""
    weights, biases, xs, ys = draw(problem)
    send = functools.partial(jnp.asarray, dtype=dtype)
    params = tuple(Layer(send(w), send(b)) for w, b in zip(weights, biases, strict=True))
    return network.mlp(problem.sizes), params, send(xs), send(ys)


def _lines(values: Array | np.ndarray, lines: int = 1) -> np.ndarray:
    return np.asarray(values, np.float64).reshape(lines, -1)


def _layers(layers: Iterable[tuple], problem: Problem) -> Arrays:
    """Put a layer's weights and biases on one line per seed, since a single sum may cancel to almost 0."""
    return [np.hstack([_lines(part, problem.seeds) for part in layer]) for layer in layers]


def _first(params: Params) -> Params:
    return jax.tree.map(lambda values: values[0], params)


def _numpy_batch(problem: Problem) -> Drawn:
    data = draw(problem)
    return data._replace(xs=data.xs[0], ys=data.ys[0])


def check_forward(problem: Problem, dtype: str) -> Pair:
    """Compare every layer's activations in one jitted forward pass."""
    net, params, xs, _ = on_device(problem, dtype)
    got = jax.jit(lambda params, x: network.forward(net, params, x).activations)(_first(params), xs[0, 0])
    return [_lines(a) for a in got], [_lines(a) for a in numpy_forward(_numpy_batch(problem))]


def check_gradients(view: ModuleType, problem: Problem, dtype: str) -> Pair:
    """Compare the gradients of one batch, jitted and vmapped over seeds."""
    net, params, xs, ys = on_device(problem, dtype)
    one = functools.partial(view.gradients, net)
    got = jax.jit(jax.vmap(one, in_axes=(0, None, None)))(params, xs[0], ys[0])
    want = zip(*numpy_gradients(_numpy_batch(problem)), strict=True)
    return _layers(got, problem), _layers(want, problem)


def check_training(view: ModuleType, problem: Problem, dtype: str) -> Pair:
    """Compare parameters after training that is jitted, vmapped over seeds and scanned over batches."""
    net, params, *batches = on_device(problem, dtype)

    def step(params: Params, batch: Sequence[Array]) -> tuple[Params, None]:
        changes = view.gradients(net, params, *batch)
        return jax.tree.map(lambda w, change: w - RATE * change, params, changes), None

    got = jax.jit(jax.vmap(lambda params: jax.lax.scan(step, params, batches)[0]))(params)
    return _layers(got, problem), _layers(zip(*numpy_training(problem), strict=True), problem)


def check_product(power: int, problem: Problem, dtype: str) -> Pair:
    """Compare Σⱼ (M x)ⱼᵖ, jitted and vmapped over rows; Mᵀ is the network's weight matrix."""
    _, params, xs, _ = on_device(problem, dtype)
    one = jax.vmap(lambda matrix, x: jnp.sum(network.product(matrix, x) ** power), in_axes=(None, 0))
    got = jax.jit(one)(params[0].weights[0].T, xs[0])
    data = _numpy_batch(problem)
    return [_lines(got)], [_lines(((data.xs @ data.weights[0][0]) ** power).sum(axis=1))]


def check_printed(problem: Problem, dtype: str) -> Pair:
    """Compare the hidden delta as printed in the handout, jitted and vmapped over rows, for two layers."""
    net, params, xs, ys = on_device(problem, dtype)

    def one(params: Params, x: Array, y: Array) -> Array:
        return backprop.deltas_as_printed(net, params, network.forward(net, params, x), y, params)[0]

    got = jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))(_first(params), xs[0], ys[0])
    return [_lines(got)], [_lines(numpy_printed(_numpy_batch(problem)))]


class Case(NamedTuple):
    """A check that is still to be run."""

    name: str
    compute: Callable[[Problem, str], Pair]
    problem: Problem
    decisive: bool = True


def cases(dtype: str) -> list[Case]:
    """List the checks in one dtype, with the kinds of shapes that nnjax is used for."""
    tiny, digits, rows = Problem((2, 2, 1), 2048, 4), Problem((64, 30, 10), 32, 10), ROWS[dtype]
    gradients, by_node = (functools.partial(check_gradients, view) for view in (backprop, nodewise))
    training, training_by_node = (functools.partial(check_training, view) for view in (backprop, nodewise))
    return [
        Case("forward", check_forward, Problem((16,) * 31)),
        Case("gradients", gradients, tiny),
        Case("gradients", gradients, digits),
        Case("gradients", gradients, Problem((3, 4, 1), rows=rows)),
        Case("gradients in columns", functools.partial(check_gradients, columnwise), digits),
        Case("gradients by node", by_node, tiny),
        Case("training", training, tiny._replace(steps=50)),
        Case("training", training, digits._replace(steps=20)),
        Case("training by node", training_by_node, tiny._replace(steps=50)),
        Case("deltas_as_printed", check_printed, Problem((3, 3, 3), rows=rows)),
        Case("Σ(Mx)²", functools.partial(check_product, 2), Problem((3, 3), rows=rows)),
        Case("ΣMx", functools.partial(check_product, 1), Problem((3, 3), rows=rows), decisive=False),
    ]


def relative_error(got: Arrays, want: Arrays) -> float:
    """Return the largest max |got - want| / max |want| over all lines, so that no line is hidden."""
    pairs = zip(got, want, strict=True)
    errors = [np.max(abs(g - w), axis=1) / np.max(abs(w), axis=1) for g, w in pairs]
    return float(np.max(np.concatenate(errors)))


def has_float64() -> bool:
    """Check whether float64 is genuine, as on CPUs and GPUs; elsewhere all digits of e¹ must be right."""
    if jax.default_backend() in ("cpu", "gpu"):
        return True
    try:
        with jax.enable_x64(True):
            return abs(float(jax.jit(jnp.exp)(np.float64(1))) - math.e) < 2e-15
    except Exception:  # each backend reports a missing float64 in its own way
        return False


def measure(case: Case, dtype: str) -> Check:
    """Run the check; if it raises an error, it has failed, and the error becomes its note."""
    tolerance, wide = TOLERANCES[dtype], dtype == "float64"
    row = functools.partial(Check, f"{case.name}, {dtype}", str(case.problem), tolerance=tolerance)
    try:
        if wide and not has_float64():
            return row(error=None, passed=True, note=NO_FLOAT64)
        with jax.enable_x64(True) if wide else contextlib.nullcontext():
            error = relative_error(*case.compute(case.problem, dtype))
    except Exception as raised:  # the other checks can still be made
        return row(error=None, passed=False, note=f"{type(raised).__name__}: {raised}")
    return row(error=error, passed=error <= tolerance, decisive=case.decisive)


def run_checks() -> list[Check]:
    """Run every check in every dtype, on JAX's default device; change no global setting."""
    return [measure(case, dtype) for dtype in TOLERANCES for case in cases(dtype)]
