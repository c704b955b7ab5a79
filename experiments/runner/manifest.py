"""The manifest of a result: where its numbers come from, in enough detail to run it again and compare."""

import dataclasses
import os
import pathlib
import platform
import subprocess
from importlib import metadata
from typing import Any

import jax
import jax.numpy as jnp

from experiments.runner import expectations, timing
from experiments.runner.experiment import Experiment
from nnjax.sweeps import devices

PACKAGES = (
    "nnjax",
    "jax",
    "jaxlib",
    "numpy",
    "scipy",
    "optax",
    "flax",
    "xarray",
    "scikit-learn",
    "matplotlib",
)
FLAGS = (
    "jax_enable_x64",
    "jax_default_matmul_precision",
    "jax_threefry_partitionable",
    "jax_num_cpu_devices",
)
TOLD = ("name", "title", "question", "method", "remember")
"""The attributes of an experiment that the report repeats."""


def manifest(
    experiment: Experiment, config: Any, took: timing.Timing, command: str, smoke: bool
) -> dict[str, Any]:
    """Describe one run: the question, its options, the versions, and the machine."""
    return {field: getattr(experiment, field) for field in TOLD} | {
        "smoke": smoke,
        "command": command,
        "config": dataclasses.asdict(config),
        "prng": "threefry2x32",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": [f"{device.platform} {device.device_kind}" for device in jax.devices()],
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device_kind": devices.kind(),
        "cpu": cpu(),
        "precision": "x64 enabled" if jnp.zeros(0, float).dtype == jnp.float64 else "x64 disabled",
        "flags": {name: getattr(jax.config, name, None) for name in FLAGS},
        "environment": {
            name: os.environ[name] for name in ("JAX_PLATFORMS", "XLA_FLAGS") if name in os.environ
        },
        "git": git_state(),
        "expectations": {"at_the_run": expectations.digest()},
        "wall_time_seconds": round(took.wall_time, 3),
        "longest_compilation_seconds": round(took.longest_compilation, 3),
    }


INSTRUCTION_SETS = {
    "AVX-512": "avx512f",
    "AVX2": "avx2",
    "AVX": "avx",
    "SSE4.2": "sse4_2",
    "SVE": "sve",
    "NEON": "asimd",
}
"""{instruction set: the flag by which Linux reports it}, widest first."""


def cpu() -> dict[str, Any]:
    """Describe the CPU: its model, widest instruction set and all vector instructions, as far as known.

    XLA compiles for these instructions, so the last digits of results depend on them, but XLA_FLAGS may
    ask for fewer instructions.
    """
    model, vectors = devices.cpu()
    widest = [name for name, flag in INSTRUCTION_SETS.items() if flag in vectors]
    return {"model": model, "instruction_set": (widest or ["not told"])[0], "vectors": vectors}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def git_state() -> dict[str, Any] | None:
    """Return the commit and whether the tree had uncommitted changes; None outside a git checkout."""
    root = pathlib.Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None
