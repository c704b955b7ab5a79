"""The command: python -m nnjax.doctor."""

import argparse
import collections
import difflib
import io
import platform
import sys
import textwrap
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import jax

from nnjax.doctor.checks import NO_FLOAT64, Check, run_checks
from nnjax.sweeps import lapack

WIDTH = 100
PLATFORMS = ("cpu", "cuda", "rocm", "tpu")
EXTRAS = {"cuda": "cuda", "gpu": "cuda", "tpu": "tpu"}
"""For each platform, the extra of nnjax that installs support for it."""
PACKAGES = ("jax", "jaxlib", "numpy", "nnjax", "optax", "flax")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _devices() -> str:
    try:
        kinds = collections.Counter(f"{device.device_kind} ({device.platform})" for device in jax.devices())
    except Exception as error:  # JAX raises RuntimeError, or AssertionError if CUDA has no device
        return f"none: {str(error) or type(error).__name__}"
    return ", ".join(f"{count} x {kind}" for kind, count in kinds.items())


def environment() -> dict[str, str]:
    """Collect versions, devices and precision, by name."""
    versions = {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}
    config: Any = jax.config  # JAX declares none of its options to type checkers.
    return versions | {
        "devices": _devices(),
        "x64 flag": "on" if config.jax_enable_x64 else "off (float64 is checked anyway)",
        "matmul precision": f"{config.jax_default_matmul_precision or 'default'} (nnjax asks for highest)",
        "LAPACK on CPUs": _lapack(),
    }


def _lapack() -> str:
    """Say whether jaxlib's LAPACK calls can hang, judging by its version, since a trial could itself hang."""
    jaxlib = _version("jaxlib")
    if not lapack.hangs(jaxlib):
        return f"jaxlib {jaxlib} is not known to hang"
    return (
        f"jaxlib {jaxlib} can hang in qr, eigh, svd, solve ..., especially with several CPU devices. Sweeps "
        "avoid this by taking one matrix at a time on one device, and so do nnjax's functions under your own "
        "jit and vmap; your own LAPACK calls do not. jaxlib 0.11.1, which needs Python 3.12, does not hang."
    )


def missing() -> str:
    """Say what to change if the backend that JAX was asked for is missing; return "" if it is there."""
    config: Any = jax.config
    asked = config.jax_platforms or ""
    absent = [name for name in asked.split(",") if not _is_there(name)]
    if not absent:
        return ""
    name = absent[0]
    similar = difflib.get_close_matches(name, PLATFORMS, 1) if name not in PLATFORMS else []
    hint = f"did you mean {similar[0]}? Otherwise " if similar else ""
    if name in EXTRAS:
        hint = f"nnjax[{EXTRAS[name]}] installs all that {name} needs except the device and its driver; "
    return (
        f"JAX_PLATFORMS={asked} asks for {name!r}, which JAX does not find here: {hint}unset JAX_PLATFORMS "
        "to use what is available, or set JAX_PLATFORMS=cpu."
    )


def _is_there(platform: str) -> bool:
    try:
        return bool(jax.devices(platform or None))
    except Exception:  # JAX raises RuntimeError, or AssertionError if CUDA has no device
        return False


HEAD = ("check", "compared", "error", "allowed", "")
AVOIDED = "A known fault of jaxlib, which nnjax avoids:"


def table(checks: Sequence[Check]) -> str:
    """Write one aligned line per check, followed by its note if it has one; known faults come last."""
    rows = [_cells(check) for check in checks]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    lines, avoided = [_aligned(HEAD, widths)], []
    for check, row in zip(checks, rows, strict=True):
        part = avoided if _is_avoided(check) else lines
        part += [_aligned(row, widths)] + ([_note(check.note)] if check.note else [])
    return "\n".join([*lines, *(["", AVOIDED, *avoided] if avoided else [])])


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(map(str.ljust, row, widths)).rstrip()


def _is_avoided(check: Check) -> bool:
    return not (check.passed or check.decisive)


def _cells(check: Check) -> tuple[str, ...]:
    error = "-" if check.error is None else f"{check.error:.1e}"
    bad = "known, avoided" if _is_avoided(check) else "FAILED"
    good = "-" if check.error is None else "ok"
    return check.name, check.compared, error, f"{check.tolerance:.1e}", good if check.passed else bad


def _note(text: str) -> str:
    short, indent = textwrap.shorten(text, 400, placeholder=" ..."), "    "
    return textwrap.fill(short, WIDTH, initial_indent=indent, subsequent_indent=indent)


def failures(checks: Sequence[Check]) -> list[Check]:
    """Choose the failed checks on which the exit status depends."""
    return [check for check in checks if check.decisive and not check.passed]


def verdict(checks: Sequence[Check]) -> str:
    """Write the last lines, which say that all is well, or which checks failed and what to do."""
    failed, wrong = failures(checks), [check for check in checks if _is_avoided(check)]
    where = ", in float32" if any(check.note == NO_FLOAT64 for check in checks) else ""
    text = f"This device computes what NumPy computes{where}."
    if failed:
        text = f"{len(failed)} of {len(checks)} checks failed: {_names(failed)}. {_cure()}"
    elif wrong:
        text = (
            f"This device computes what NumPy computes{where}, wherever nnjax needs it. {_names(wrong)} is "
            "wrong; nnjax avoids it, but your own functions may not. On CPUs jaxlib 0.11 or later gives the "
            "right result; it needs Python 3.12 or later."
        )
    return text


def _names(checks: Sequence[Check]) -> str:
    return "; ".join(dict.fromkeys(check.name for check in checks))


def _cure() -> str:
    jaxlib = _version("jaxlib")
    if jaxlib == "0.10.2":
        return (
            "jaxlib 0.10.2 is known for this: install another version, for example pip install 'jax!=0.10.2'."
        )
    return (
        f"Do not trust results from this device with jaxlib {jaxlib}: try another one (on GPUs, jax 0.11.1 "
        "or later) or JAX_PLATFORMS=cpu, and report the table to github.com/jax-ml/jax/issues."
    )


def main(arguments: Sequence[str]) -> int:
    """Print environment, table and verdict; return 1 if there is no device or if a decisive check failed."""
    description = "Check that JAX, on its default device (see JAX_PLATFORMS), computes what NumPy computes."
    argparse.ArgumentParser(prog="python -m nnjax.doctor", description=description).parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal may lack Unicode
    for name, value in environment().items():
        print(textwrap.fill(f"{name:18}{value}", WIDTH, subsequent_indent=" " * 18), flush=True)
    absent = missing()
    if absent:
        print(f"\n{textwrap.fill(absent, WIDTH)}")
        if not _is_there(""):
            return 1
    checks = run_checks()
    print(f"\n{table(checks)}\n\n{textwrap.fill(verdict(checks), WIDTH)}")
    return int(bool(failures(checks)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
