"""Devices: which ones a sweep runs on, what kind they are, and how XLA compiles for them."""

import functools
import os
import pathlib
import platform
from typing import Any

import jax

VECTORS = ("sse", "avx", "fma", "amx", "asimd", "sve")
"""Prefixes of the names of the vector instructions that XLA compiles for."""


def use_all_cores() -> None:
    """Make every CPU core a JAX device, so that `sweep` spreads its lanes over all cores.

    Raises:
        RuntimeError: If JAX has already computed something, so that its devices are fixed.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        jax.config.update("jax_num_cpu_devices", cores)
    except RuntimeError as error:
        if len(jax.local_devices(backend="cpu")) != cores:
            raise RuntimeError(
                "nnjax.use_all_cores() comes too late, since JAX has already computed something: call it "
                "right after the imports. In a notebook, restart the kernel (Kernel > Restart), and call it "
                "in the first cell"
            ) from error


def chosen() -> tuple[Any, ...]:
    """Return the devices that lanes run on: all local ones, or those of jax.default_device's platform."""
    default = getattr(jax.config, "jax_default_device", None)
    if default is None:
        return tuple(jax.local_devices())
    return tuple(jax.local_devices(backend=getattr(default, "platform", default)))


ASSUMED_MEMORY = 16 * 2**30
"""Bytes assumed for an accelerator that does not report its memory."""


def memory(device: Any) -> int | None:
    """Return how much of an accelerator's memory JAX may use, or None for a CPU, whose cache matters."""
    if device.platform == "cpu":
        return None
    return (device.memory_stats() or {}).get("bytes_limit", ASSUMED_MEMORY)


SETTINGS = (
    "enable_x64",
    "default_matmul_precision",
    "default_prng_impl",
    "numpy_dtype_promotion",
    "numpy_rank_promotion",
    "threefry_partitionable",
)
"""JAX's settings that change what a function computes."""


def settings() -> tuple[Any, ...]:
    """Return the present values of `SETTINGS`, and the default device, which also changes what is traced."""
    return tuple(getattr(jax.config, f"jax_{name}", None) for name in (*SETTINGS, "default_device"))


def compiler_options() -> dict[str, Any]:
    """Make XLA use the 512-bit vectors of a CPU that has them; by default its code uses 256-bit ones."""
    if chosen()[0].platform != "cpu" or "avx512f" not in _cpu().get("flags", "").split():
        return {}
    return {"xla_cpu_prefer_vector_width": 512}


@functools.cache
def _cpu() -> dict[str, str]:
    """Read what Linux reports about the first CPU; return an empty dict on other systems."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    first = cpuinfo.read_text().split("\n\n")[0] if cpuinfo.exists() else ""
    fields = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in fields}


def kind() -> str:
    """Return the kind of device that lanes run on; for a CPU this is its model and vector instructions."""
    if chosen()[0].platform != "cpu":
        return chosen()[0].device_kind
    model, vectors = cpu()
    return " ".join([model, *vectors])


def cpu() -> tuple[str, list[str]]:
    """Return the CPU's model and its vector instructions as named by Linux; other systems do not list any."""
    known = _cpu()
    model = known.get("model name") or known.get("CPU part") or platform.processor() or platform.machine()
    names = known.get("flags", known.get("Features", "")).split()
    return model, sorted(name for name in names if name.startswith(VECTORS))


def flags() -> list[str]:
    """Return XLA_FLAGS without the number of devices, which does not change any bits."""
    given = os.environ.get("XLA_FLAGS", "").split()
    return sorted(flag for flag in given if not flag.startswith("--xla_force_host_platform_device_count"))
