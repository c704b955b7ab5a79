"""The machine on which speeds are measured: what it is, and how fast it could be."""

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
from importlib import metadata

import jax
import numpy as np
import xarray as xr

from experiments.benchmark.peers import FLOOR, PEERS, installed


def clock(job: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Time a job; returns the seconds and its result."""
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def description() -> str:
    """Describe the processor, cores and JAX devices."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor()
    return f"{model}, {os.cpu_count()} cores, {len(jax.devices())} devices"


def versions() -> str:
    """List the versions of the packages that are compared."""
    names = [name for name in ("jax", "flax", "optax", "numpy", "torch") if installed(name)]
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def missing() -> str:
    """List the methods that this machine cannot run."""
    names = [name for name, peer in PEERS.items() if not installed(peer.package)]
    return ", ".join(names if shutil.which("cc") else [*names, FLOOR])


@functools.cache
def floor_program() -> str | None:
    """Compile the C program; None if there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source = pathlib.Path(__file__).with_name("xor_floor.c")
    program = pathlib.Path(tempfile.mkdtemp(prefix="nnjax-floor-")) / "xor_floor"
    subprocess.run([compiler, "-O3", "-march=native", "-pthread", source, "-o", program, "-lm"], check=True)
    return str(program)


def floor() -> float:
    """Measure the C program's seed-steps per second on all cores; NaN without a compiler."""
    program = floor_program()
    if program is None:
        return np.nan
    done = subprocess.run([program, str(os.cpu_count())], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def peak(repeats: int, size: int = 2048) -> list[float]:
    """Measure the FLOP/s of one large matrix product in NumPy."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    np.matmul(a, a)
    return [2 * size**3 / clock(lambda: np.matmul(a, a))[0] for _ in range(repeats)]


def measured(repeats: int) -> xr.Dataset:
    """Describe the machine, and measure the peak of its matrix products."""
    return xr.Dataset(
        {"peak": ("repeat", peak(repeats), {"units": "FLOP/s", "long_name": "matrix product"})},
        attrs={"description": description(), "versions": versions(), "missing": missing()},
    )


def peak_memory() -> float:
    """Return the most bytes that this process has held; NaN on Windows, which does not report it."""
    if sys.platform == "win32":
        return np.nan
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
