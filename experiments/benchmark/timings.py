"""What the benchmark measures beside its peers: one network alone, cost against size, the machine."""

import dataclasses
import functools
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import jax
import numpy as np
import optax

import nnjax
from experiments.benchmark import peers
from experiments.benchmark.peers import Work
from experiments.runner import progress
from nnjax.views import NODE_PRODUCTS, VIEWS, scalar_products

VIEWED = {
    "4 rows": [(2, 16, 1), (3, 8, 8, 1), (2, 10, 10, 1), (2, 50, 1), (3, 12, 12, 1), (4, 14, 14, 1)],
    "10 rows, one order": [(13, 5, 1), (13, 8, 1), (20, 30, 1), (64, 100, 10)],
    "10 rows, own order": [(13, 5, 1), (13, 8, 1), (20, 30, 1), (64, 100, 10)],
    "32 rows, one order": [(13, 5, 1), (64, 100, 10)],
}
"""Networks around the places where `nnjax.fastest_view` changes its answer."""


def viewed() -> list[str]:
    """Names of those networks, as in "13-5-1, 10 rows, own order"."""
    return [f"{'-'.join(map(str, sizes))}, {rows}" for rows, each in VIEWED.items() for sizes in each]


def xor(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """XOR's four rows in float32; further inputs are 1."""
    data = nnjax.datasets.xor()
    more = np.ones((4, sizes[0] - 2))
    return np.concatenate([data.xs, more], axis=1).astype(np.float32), np.asarray(data.ys, np.float32)


def machine() -> str:
    """Processor, cores and JAX devices."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor()
    return f"{model}, {os.cpu_count()} cores, {len(jax.devices())} devices"


def versions() -> str:
    """Versions of what is compared."""
    from importlib import metadata

    names = ("jax", "flax", "optax", "numpy", "torch")
    there = [name for name in names if peers.installed(name)]
    return ", ".join(f"{name} {metadata.version(name)}" for name in there)


def clock(job: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Seconds that a job takes, and its result."""
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


@functools.cache
def _floor_program() -> str | None:
    """The compiled C program; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = pathlib.Path(__file__).with_name("xor_floor.c")
    program = pathlib.Path(tempfile.mkdtemp(prefix="nnjax-floor-")) / "xor_floor"
    subprocess.run([compiler, "-O3", "-march=native", "-pthread", source, "-o", program, "-lm"], check=True)
    return str(program)


def floor() -> float:
    """Seed-steps per second of the C program on all cores; NaN without a compiler."""
    program = _floor_program()
    if program is None:
        return np.nan
    done = subprocess.run([program, str(os.cpu_count())], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def peak(repeats: int, size: int = 2048) -> list[float]:
    """FLOP/s of one large matrix product in NumPy."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    np.matmul(a, a)
    return [2 * size**3 / clock(lambda: np.matmul(a, a))[0] for _ in range(repeats)]


def alone(steps: int, repeats: int) -> np.ndarray:
    """Steps per second of one XOR network: matrix view, node view, PyTorch's loop."""
    work = Work(nnjax.mlp((2, 2, 1)), *xor((2, 2, 1)), rate=0.5, steps=steps, seeds=1)

    def trained(view: str) -> Callable[[], np.ndarray]:
        @jax.jit
        def program(params: nnjax.Params) -> jax.Array:
            descent = optax.sgd(work.rate)
            found = nnjax.train(
                work.network, params, work.xs, work.ys, optimizer=descent, epochs=steps, view=view
            )
            return found[1].loss

        params = work.init(nnjax.key(0))
        return lambda: np.asarray(program(params))

    jobs = [(trained("matrix"), steps), (trained("nodes"), steps)]
    if peers.installed("torch"):
        few = dataclasses.replace(work, steps=min(steps, 300))
        jobs.append((peers.torch_loop(few), few.steps))
    rates = np.full((3, repeats), np.nan)
    for job, _ in jobs:
        job()
    for repeat in range(repeats):
        for index, (job, count) in enumerate(jobs):
            rates[index, repeat] = count / clock(job)[0]
    return rates


def scaling(most: int, steps: int, repeats: int) -> tuple[list[int], list[float]]:
    """Seconds of a sweep of 2-2-1 networks against the number of seeds, compilation apart."""
    counts = [2**n for n in range(min(8, most), most + 1, 2)]
    work = Work(nnjax.mlp((2, 2, 1)), *xor((2, 2, 1)), rate=0.5, steps=steps, seeds=1)
    final_loss = peers.final_loss("nodes", work)
    nnjax.sweep(final_loss, [0])
    return counts, [
        float(
            np.median([clock(lambda n=n: nnjax.sweep(final_loss, np.arange(n)))[0] for _ in range(repeats)])
        )
        for n in counts
    ]


def growth(most: int, log_seeds: int, steps: int, repeats: int) -> np.ndarray:
    """Speed against width (2-4k-1) and depth (2, then k layers of 4, then 1), in the faster view."""
    factors = range(1, most + 1)
    shapes = [[(2, 4 * k, 1) for k in factors], [(2, *(4,) * k, 1) for k in factors]]
    seeds = 2 ** max(0, log_seeds)
    rates = np.empty((2, most))
    for row, sizes in enumerate(shapes):
        for column, size in enumerate(sizes):
            work = Work(nnjax.mlp(size), *xor(size), rate=0.5, steps=steps, seeds=seeds)
            job = peers.nnjax_sweep(nnjax.fastest_view(work.network, 4), work)
            job()
            times = [clock(job)[0] for _ in range(repeats)]
            rates[row, column] = work.seed_steps / np.median(times)
    return rates


def views(repeats: int, log_seeds: int) -> np.ndarray:
    """Speed of the view that `nnjax.fastest_view` names over the best other's, (viewed, repeat)."""
    seeds = 2 ** max(0, log_seeds)
    return np.array([_chosen(_viewed(sizes, on, seeds), repeats) for on in VIEWED for sizes in VIEWED[on]])


def _viewed(sizes: tuple[int, ...], on: str, seeds: int) -> Work:
    """48 updates on random rows: all of four, or batches out of four times as many."""
    rows, order = int(on.split()[0]), "order" in on
    data = np.random.default_rng(0)
    xs, ys = (data.random((4 * rows if order else rows, n), np.float32) for n in (sizes[0], sizes[-1]))
    batch, own = rows if order else None, on.endswith("own order")
    return Work(nnjax.mlp(sizes), xs, ys, rate=0.1, steps=48, seeds=seeds, batch_size=batch, own_order=own)


def _chosen(work: Work, repeats: int) -> list[float]:
    rows = work.batch_size or len(work.xs)
    named = nnjax.fastest_view(work.network, rows)
    # Node by node, a program grows with weights · rows: beyond twice the bound it takes too long to compile.
    small = scalar_products(work.network, rows) <= 2 * NODE_PRODUCTS
    others = [view for view in VIEWS if view != named and (view != "nodes" or small)]
    jobs = [peers.nnjax_sweep(view, work) for view in (named, *others)]
    for job in jobs:
        job()
    rounds = np.array([[clock(job)[0] for job in jobs] for _ in range(repeats)])
    best = 1 + int(np.argmin(np.median(rounds[:, 1:], axis=0)))
    return (rounds[:, best] / rounds[:, 0]).tolist()


def million() -> tuple[float, float, float]:
    """A million networks: seconds with compilation, the process's peak memory, bytes of result per seed."""
    xs, ys = xor((2, 2, 1))
    network = nnjax.mlp((2, 2, 1))

    def trained(key: jax.Array) -> tuple[nnjax.Params, jax.Array]:
        params = nnjax.init(network, key, "lecun_normal", "normal")
        params, history = nnjax.train(
            network, params, xs, ys, optimizer=optax.sgd(0.5), epochs=5000, view="nodes"
        )
        return params, history.loss

    with progress.sweep("a million networks") as on_segment:
        seconds, results = clock(lambda: nnjax.sweep(trained, np.arange(1_000_000), on_segment=on_segment))
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(results))
    return seconds, _peak_memory(), size / 1e6


def _peak_memory() -> float:
    """The most bytes that this process has held; NaN on Windows, which does not tell."""
    if sys.platform == "win32":
        return np.nan
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
