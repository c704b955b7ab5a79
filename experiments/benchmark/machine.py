"""The machine on which speeds are measured: what it is, and how fast it could be."""

import os
import shutil
import sys
import time
from collections.abc import Callable
from importlib import metadata

import jax
import numpy as np
import xarray as xr

from experiments.benchmark.peers import FLOOR, PEERS, installed
from nnjax.sweeps import devices

VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2", "asimd": "NEON"}
"""{Linux's name for a set of vector instructions: its usual name}, the widest first."""


def clock(job: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Time a job; return the seconds that it took and its result."""
    start = time.perf_counter()
    result = job()
    return time.perf_counter() - start, result


def description() -> str:
    """Describe the processor, its vector instructions, its cores and JAX's devices."""
    model, names = devices.cpu()
    vectors = next((text for name, text in VECTORS.items() if name in names), "other vectors")
    return f"{model}, {vectors}, {os.cpu_count()} cores, {len(jax.devices())} devices"


def versions() -> str:
    """List the versions of the packages that are compared."""
    names = [name for name in ("jax", "flax", "optax", "numpy", "torch") if installed(name)]
    return ", ".join(f"{name} {metadata.version(name)}" for name in names)


def missing() -> str:
    """List the methods that this machine cannot run."""
    names = [name for name, peer in PEERS.items() if not peer.can_run()]
    return ", ".join(names if shutil.which("cc") else [*names, FLOOR])


def peak(repeats: int, size: int = 2048) -> list[float]:
    """Measure the FLOP/s of one large matrix product in NumPy."""
    a = np.random.default_rng(0).random((size, size), np.float32)
    np.matmul(a, a)
    return [2 * size**3 / clock(lambda: np.matmul(a, a))[0] for _ in range(repeats)]


def measured(repeats: int) -> xr.Dataset:
    """Describe the machine, and measure its peak speed in matrix products."""
    return xr.Dataset(
        {"peak": ("repeat", peak(repeats), {"units": "FLOP/s", "long_name": "matrix product"})},
        attrs={"description": description(), "versions": versions(), "missing": missing()},
    )


def peak_memory() -> float:
    """Return the process's peak memory in bytes; NaN on Windows, which does not report it."""
    if sys.platform == "win32":
        return np.nan
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
