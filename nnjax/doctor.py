"""Does this device compute what NumPy computes? `python -m nnjax.doctor` prints a table and says so.

The same networks, data and parameters go through nnjax, jitted on JAX's default device, and through the few
NumPy formulas of this file in float64, in which neither JAX nor nnjax has a part.

The fault it must not miss, because nothing else shows it, is in jaxlib on CPUs (jax-ml/jax issue 39103). With
one matrix M (out, in) for all rows xs (n, in),

    jax.jit(jax.vmap(lambda x: jnp.sum((M @ x) ** 2)))(xs)

gives row n the result of an earlier row (n - 64, where it was looked at), from row 16384 on in float64 and
from row 32768 on in float32: 16385 and 32769 rows are the fewest that show it. Measured, M and xs Gaussian:

- jaxlib 0.10.2, both dtypes: M @ x reduced over M's outputs is wrong, be it the sum, mean, maximum or minimum
  of M @ x, or the sum of |M @ x| or (M @ x)². 0.9.2, 0.10.0 and 0.10.1: only in float32, and only sum, mean,
  maximum and minimum of M @ x itself; so ΣMx, but not Σ(Mx)². 0.11.0, 0.11.1 and 0.12.0 are right.
- Without jit all is right, and so are M @ x and (M @ x)² without a reduction, and x @ W, which is how nnjax
  runs forward. `Precision.HIGHEST` does not help.
- M, float32: 2 or 3 outputs with 3 inputs. Float64: 2 to 6 outputs with 3 inputs, and most of 2 to 7 outputs
  with 5 to 7 inputs. Not seen with 1 or 8 outputs, nor with 1, 2, 4, 8, 9 or 16 inputs.
- n: up to 43520 rows for 3 x 3, in both dtypes, up to 21760 for 6 x 6; with more rows it is right again.
- nnjax: `gradients`, and sums and norms of `deltas`, were right even on 0.10.1 and 0.10.2.
  `deltas_as_printed`, whose formula is a ΣMx, is checked by itself.

jax 0.10 had a fault of scan with vmap on GPUs, too (jax-ml/jax issue 36958, gone in 0.11.1); the checks
named "training" are for that.
"""

import argparse
import collections
import contextlib
import dataclasses
import functools
import io
import itertools
import math
import platform
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from nnjax import backprop, columnwise, network, nodewise
from nnjax.network import Layer, Network, Params

WIDTH = 100
PACKAGES = ("jax", "jaxlib", "numpy", "nnjax", "optax", "flax")

# Small enough that training is not chaotic: chaos would make rounding large.
RATE = 0.05

# Rounding costs one or two eps per operation, and sums whose terms cancel, in the worst of thousands of
# seeds, some ten times more; exp is a few eps worse on some devices. What has to be found lies above:
# products rounded to TF32 (5e-4), float64 that is float32 in truth (6e-8), a wrong row.
TOLERANCES = {dtype: 1000 * float(np.finfo(dtype).eps) for dtype in ("float32", "float64")}

# The fewest that jaxlib 0.10.2 gets wrong, see above.
ROWS = {"float32": 32769, "float64": 16385}

NO_FLOAT64 = "not available: this device has no float64. Use float32 on it, or float64 on a CPU."

Arrays = list[np.ndarray]
Pair = tuple[Arrays, Arrays]
"""What the device and what NumPy computed, one array per layer, compared line by line."""


@dataclasses.dataclass(frozen=True)
class Check:
    """One comparison with NumPy.

    Attributes:
        name: What was checked, and in which dtype.
        compared: The network, rows, seeds and steps.
        error: max |device - NumPy| / max |NumPy|, the largest over layers and seeds; None if not measured.
        tolerance: The largest error that passes.
        passed: Whether it does; so do float64 checks, unmeasured, on a device that has no float64.
        decisive: Whether the exit status hangs on it. Not for what nnjax never computes and the newest
            jaxlib for Python 3.11 gets wrong: there is nothing better to install there.
        note: Why the error was not measured.
    """

    name: str
    compared: str
    error: float | None
    tolerance: float
    passed: bool
    decisive: bool = True
    note: str = ""


class Problem(NamedTuple):
    """A network, how many seeds of it, and `steps` mini-batches of `rows` rows."""

    sizes: tuple[int, ...]
    seeds: int = 1
    rows: int = 1
    steps: int = 1

    def __str__(self) -> str:
        depth = len(self.sizes) - 1
        name = "-".join(map(str, self.sizes)) if depth < 5 else f"{depth} layers of {self.sizes[0]}"
        counts = {"rows": self.rows, "seeds": self.seeds, "steps": self.steps}
        return ", ".join([name] + [f"{count} {what}" for what, count in counts.items() if count > 1])


class Data(NamedTuple):
    """Parameters with the seeds along axis 0, rows xs and labels ys."""

    weights: Arrays
    biases: Arrays
    xs: np.ndarray
    ys: np.ndarray


@functools.cache
def draw(problem: Problem) -> Data:
    """Weights N(0, 1/in), biases and rows N(0, 1), labels U(0, 1); xs and ys (steps, rows, nodes)."""
    rng, sizes = np.random.default_rng(0), problem.sizes
    shapes, batches = list(itertools.pairwise(sizes)), (problem.steps, problem.rows)
    weights = [_exact(rng.normal(scale=i**-0.5, size=(problem.seeds, i, j))) for i, j in shapes]
    biases = [_exact(rng.normal(size=(problem.seeds, j))) for _, j in shapes]
    xs = _exact(rng.normal(size=(*batches, sizes[0])))
    return Data(weights, biases, xs, _exact(rng.uniform(size=(*batches, sizes[-1]))))


def _exact(values: np.ndarray) -> np.ndarray:
    """Numbers that float32 holds too, so that every precision starts from the same ones."""
    return values.astype(np.float32).astype(np.float64)


def numpy_forward(data: Data) -> Arrays:
    """aₗ = 1 / (1 + exp(-(aₗ₋₁ Wₗ + bₗ))), a₀ = x, for every seed and row: arrays (seeds, rows, nodes)."""
    activated = [data.xs[None]]
    for w, b in zip(data.weights, data.biases, strict=True):
        activated.append(1 / (1 + np.exp(-(activated[-1] @ w + b[:, None]))))
    return activated


def numpy_gradients(data: Data) -> tuple[Arrays, Arrays]:
    """∂L/∂W = aᵀ d, ∂L/∂b = Σₙ d, where d = ∂L/∂z = 2(a - y) a(1 - a) or, before it, (d Wᵀ) a(1 - a)."""
    activated, by_weights, by_biases = numpy_forward(data), [], []
    blame = 2 * (activated[-1] - data.ys)
    for w, before, a in zip(data.weights[::-1], activated[-2::-1], activated[:0:-1], strict=True):
        d = blame * a * (1 - a)
        blame = d @ w.swapaxes(1, 2)
        by_weights.insert(0, before.swapaxes(1, 2) @ d)
        by_biases.insert(0, d.sum(axis=1))
    return by_weights, by_biases


@functools.cache
def numpy_training(problem: Problem) -> tuple[Arrays, Arrays]:
    """W ← W - rate · ∂L/∂W, b ← b - rate · ∂L/∂b, one mini-batch after the other."""
    weights, biases, *batches = draw(problem)
    for xs, ys in zip(*batches, strict=True):
        by_weights, by_biases = numpy_gradients(Data(weights, biases, xs, ys))
        weights = [w - RATE * change for w, change in zip(weights, by_weights, strict=True)]
        biases = [b - RATE * change for b, change in zip(biases, by_biases, strict=True)]
    return weights, biases


def numpy_printed(data: Data) -> np.ndarray:
    """(Σᵢⱼ wᵢⱼ δⱼ) · a(1 - a), δ = 2(y - ŷ) ŷ(1 - ŷ): the handout's hidden delta, see its errata."""
    _, hidden, output = numpy_forward(data)
    delta = 2 * (data.ys - output) * output * (1 - output)
    return (delta @ data.weights[1].swapaxes(1, 2)).sum(axis=2, keepdims=True) * hidden * (1 - hidden)


def on_device(problem: Problem, dtype: str) -> tuple[Network, Params, Array, Array]:
    """What `draw` drew, as nnjax takes it: a sigmoid network, params, xs and ys."""
    weights, biases, xs, ys = draw(problem)
    send = functools.partial(jnp.asarray, dtype=dtype)
    params = tuple(Layer(send(w), send(b)) for w, b in zip(weights, biases, strict=True))
    return network.mlp(problem.sizes), params, send(xs), send(ys)


def _lines(values: Array | np.ndarray, lines: int = 1) -> np.ndarray:
    return np.asarray(values, np.float64).reshape(lines, -1)


def _layers(layers: Iterable[tuple], problem: Problem) -> Arrays:
    """A layer's weights and biases on one line per seed: one sum alone may cancel to almost nothing."""
    return [np.hstack([_lines(part, problem.seeds) for part in layer]) for layer in layers]


def _first(params: Params) -> Params:
    return jax.tree.map(lambda values: values[0], params)


def _numpy_batch(problem: Problem) -> Data:
    data = draw(problem)
    return data._replace(xs=data.xs[0], ys=data.ys[0])


def check_forward(problem: Problem, dtype: str) -> Pair:
    """Jit: one forward pass, every layer's activations."""
    net, params, xs, _ = on_device(problem, dtype)
    got = jax.jit(lambda params, x: network.forward(net, params, x).activations)(_first(params), xs[0, 0])
    return [_lines(a) for a in got], [_lines(a) for a in numpy_forward(_numpy_batch(problem))]


def check_gradients(view: ModuleType, problem: Problem, dtype: str) -> Pair:
    """Jit and vmap over seeds: the gradients of one batch."""
    net, params, xs, ys = on_device(problem, dtype)
    one = functools.partial(view.gradients, net)
    got = jax.jit(jax.vmap(one, in_axes=(0, None, None)))(params, xs[0], ys[0])
    want = zip(*numpy_gradients(_numpy_batch(problem)), strict=True)
    return _layers(got, problem), _layers(want, problem)


def check_training(view: ModuleType, problem: Problem, dtype: str) -> Pair:
    """Jit, vmap over seeds and scan over mini-batches: the trained parameters."""
    net, params, *batches = on_device(problem, dtype)

    def step(params: Params, batch: Sequence[Array]) -> tuple[Params, None]:
        changes = view.gradients(net, params, *batch)
        return jax.tree.map(lambda w, change: w - RATE * change, params, changes), None

    got = jax.jit(jax.vmap(lambda params: jax.lax.scan(step, params, batches)[0]))(params)
    return _layers(got, problem), _layers(zip(*numpy_training(problem), strict=True), problem)


def check_product(power: int, problem: Problem, dtype: str) -> Pair:
    """Jit and vmap over rows: Σⱼ (M x)ⱼᵖ, with Mᵀ the network's weights."""
    _, params, xs, _ = on_device(problem, dtype)
    one = jax.vmap(lambda matrix, x: jnp.sum(network.product(matrix, x) ** power), in_axes=(None, 0))
    got = jax.jit(one)(params[0].weights[0].T, xs[0])
    data = _numpy_batch(problem)
    return [_lines(got)], [_lines(((data.xs @ data.weights[0][0]) ** power).sum(axis=1))]


def check_printed(problem: Problem, dtype: str) -> Pair:
    """Jit and vmap over rows: the hidden delta as printed in the handout, of a network with two layers."""
    net, params, xs, ys = on_device(problem, dtype)

    def one(params: Params, x: Array, y: Array) -> Array:
        return backprop.deltas_as_printed(net, params, network.forward(net, params, x), y, params)[0]

    got = jax.jit(jax.vmap(one, in_axes=(None, 0, 0)))(_first(params), xs[0], ys[0])
    return [_lines(got)], [_lines(numpy_printed(_numpy_batch(problem)))]


class Case(NamedTuple):
    """A check yet to be made."""

    name: str
    compute: Callable[[Problem, str], Pair]
    problem: Problem
    decisive: bool = True


def cases(dtype: str) -> list[Case]:
    """The checks of that dtype, of the shapes that nnjax is used for."""
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
    """The largest max |got - want| / max |want| of all lines: so a large line hides no small one."""
    pairs = zip(got, want, strict=True)
    each = [np.max(abs(g - w), axis=1) / np.max(abs(w), axis=1) for g, w in pairs]
    return float(np.max(np.concatenate(each)))


def has_float64() -> bool:
    """Whether float64 is real: CPUs and GPUs promise it; elsewhere e¹ has to be right to its last digits."""
    if jax.default_backend() in ("cpu", "gpu"):
        return True
    try:
        with jax.enable_x64(True):
            return abs(float(jax.jit(jnp.exp)(np.float64(1))) - math.e) < 2e-15
    except Exception:  # Every backend has its own way to say that it has none.
        return False


def measure(case: Case, dtype: str) -> Check:
    """Makes the check; one that raises has failed, with the error as its note."""
    tolerance, wide = TOLERANCES[dtype], dtype == "float64"
    row = functools.partial(Check, f"{case.name}, {dtype}", str(case.problem), tolerance=tolerance)
    try:
        if wide and not has_float64():
            return row(error=None, passed=True, note=NO_FLOAT64)
        with jax.enable_x64(True) if wide else contextlib.nullcontext():
            error = relative_error(*case.compute(case.problem, dtype))
    except Exception as raised:  # The other checks still have something to say.
        return row(error=None, passed=False, note=f"{type(raised).__name__}: {raised}")
    return row(error=error, passed=error <= tolerance, decisive=case.decisive)


def check() -> list[Check]:
    """Every check of every dtype, on JAX's default device; changes no global setting."""
    return [measure(case, dtype) for dtype in TOLERANCES for case in cases(dtype)]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _devices() -> str:
    try:
        kinds = collections.Counter(f"{device.device_kind} ({device.platform})" for device in jax.devices())
    except Exception as error:  # RuntimeError, or where CUDA has no device AssertionError
        return f"none: {str(error) or type(error).__name__}"
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())


def environment() -> dict[str, str]:
    """Versions, devices and precision, by name."""
    versions = {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    config: Any = jax.config  # JAX declares none of its options to type checkers.
    return versions | {
        "devices": _devices(),
        "x64 flag": "on" if config.jax_enable_x64 else "off (float64 is checked all the same)",
        "matmul precision": f"{config.jax_default_matmul_precision or 'default'} (nnjax asks for highest)",
    }


def table(checks: Sequence[Check]) -> str:
    """One aligned line per check, and below it the note, if it has one."""
    rows = [("check", "compared", "error", "allowed", "")] + [_cells(check) for check in checks]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row, note in zip(rows, ["", *(check.note for check in checks)], strict=True):
        lines.append("  ".join(map(str.ljust, row, widths)).rstrip())
        lines += [_note(note)] if note else []
    return "\n".join(lines)


def _cells(check: Check) -> tuple[str, ...]:
    error = "-" if check.error is None else f"{check.error:.1e}"
    bad = "FAILED" if check.decisive else "WRONG"
    good = "-" if check.error is None else "ok"
    return check.name, check.compared, error, f"{check.tolerance:.1e}", good if check.passed else bad


def _note(text: str) -> str:
    short, indent = textwrap.shorten(text, 400, placeholder=" ..."), "    "
    return textwrap.fill(short, WIDTH, initial_indent=indent, subsequent_indent=indent)


def failures(checks: Sequence[Check]) -> list[Check]:
    """Those on which the exit status hangs."""
    return [check for check in checks if check.decisive and not check.passed]


def verdict(checks: Sequence[Check]) -> str:
    """The last lines: all is well, or which checks failed and what to do."""
    failed, wrong = failures(checks), [check for check in checks if not (check.passed or check.decisive)]
    where = ", in float32" if any(check.note == NO_FLOAT64 for check in checks) else ""
    text = f"This device computes what NumPy computes{where}."
    if failed:
        text = f"{len(failed)} of {len(checks)} checks failed: {_names(failed)}. {_cure()}"
    elif wrong:
        text = (
            f"This device computes what NumPy computes{where}, wherever nnjax needs it. {_names(wrong)} is "
            "wrong: nnjax avoids it, functions of your own may not. On CPUs jaxlib 0.11 or later is right; "
            "it needs Python 3.12 or later."
        )
    return text


def _names(checks: Sequence[Check]) -> str:
    return "; ".join(dict.fromkeys(check.name for check in checks))


def _cure() -> str:
    jaxlib = _version("jaxlib")
    if jaxlib == "0.10.2":
        return "jaxlib 0.10.2 is known for it: install another version, as with pip install 'jax!=0.10.2'."
    return (
        f"Do not trust results from this device with jaxlib {jaxlib}: try another one, on GPUs jax 0.11.1 "
        "or later, or JAX_PLATFORMS=cpu, and report the table to github.com/jax-ml/jax/issues."
    )


def main(arguments: Sequence[str]) -> int:
    """Prints the environment, the table and the verdict; 1 if a decisive check failed, else 0."""
    description = "Check that JAX, on its default device (see JAX_PLATFORMS), computes what NumPy computes."
    argparse.ArgumentParser(prog="python -m nnjax.doctor", description=description).parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without Unicode is no failure of the device
    for name, value in environment().items():
        print(textwrap.fill(f"{name:18}{value}", WIDTH, subsequent_indent=" " * 18), flush=True)
    checks = check()
    print(f"\n{table(checks)}\n\n{textwrap.fill(verdict(checks), WIDTH)}")
    return int(bool(failures(checks)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
