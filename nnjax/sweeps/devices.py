"""Devices: which ones a sweep runs on, of what kind they are, and how XLA compiles for them."""

import functools
import os
import pathlib
import platform
from typing import Any

import jax

VECTORS = ("sse", "avx", "fma", "amx", "asimd", "sve")
"""How the names of the vector instructions begin that XLA compiles for."""


def use_all_cores() -> None:
    """Make every CPU core a JAX device, over which `sweep` spreads its lanes.

    Raises:
        RuntimeError: JAX has already computed something, and its devices are settled.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        jax.config.update("jax_num_cpu_devices", cores)
    except RuntimeError as error:
        if len(jax.local_devices(backend="cpu")) != cores:
            raise RuntimeError(
                "nnjax.use_all_cores() comes too late, since JAX has already computed something: call it "
                "right after the imports. In a notebook restart the kernel (Kernel > Restart), and call it "
                "in the first cell"
            ) from error


def chosen() -> tuple[Any, ...]:
    """Where lanes run: all local devices, or those of the platform that jax.default_device names."""
    default = getattr(jax.config, "jax_default_device", None)
    if default is None:
        return tuple(jax.local_devices())
    return tuple(jax.local_devices(backend=getattr(default, "platform", default)))


ASSUMED_MEMORY = 16 * 2**30
"""Bytes of an accelerator that does not tell."""


def memory(device: Any) -> int | None:
    """The bytes that JAX may use of an accelerator's memory; None of a CPU, whose cache is what counts."""
    if device.platform == "cpu":
        return None
    return (device.memory_stats() or {}).get("bytes_limit", ASSUMED_MEMORY)


def compiler_options() -> dict[str, Any]:
    """XLA's CPU code uses 256-bit vectors unless it is told that this CPU's 512-bit ones are worth it."""
    if chosen()[0].platform != "cpu" or "avx512f" not in _cpu().get("flags", "").split():
        return {}
    return {"xla_cpu_prefer_vector_width": 512}


@functools.cache
def _cpu() -> dict[str, str]:
    """What Linux says of the first CPU; nothing on other systems."""
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    first = cpuinfo.read_text().split("\n\n")[0] if cpuinfo.exists() else ""
    fields = (line.partition(":") for line in first.splitlines())
    return {name.strip(): value.strip() for name, _, value in fields}


def kind() -> str:
    """The kind of device that lanes run on; of a CPU, which JAX only calls "cpu", the model and vectors."""
    if chosen()[0].platform != "cpu":
        return chosen()[0].device_kind
    model, vectors = cpu()
    return " ".join([model, *vectors])


def cpu() -> tuple[str, list[str]]:
    """The CPU's model and its vector instructions, as Linux names them; elsewhere none are told."""
    known = _cpu()
    model = known.get("model name") or known.get("CPU part") or platform.processor() or platform.machine()
    names = known.get("flags", known.get("Features", "")).split()
    return model, sorted(name for name in names if name.startswith(VECTORS))


def flags() -> list[str]:
    """What XLA_FLAGS says, but for the number of devices, on which no bit depends."""
    given = os.environ.get("XLA_FLAGS", "").split()
    return sorted(flag for flag in given if not flag.startswith("--xla_force_host_platform_device_count"))
