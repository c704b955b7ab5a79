"""The results folder: one experiment's data, figures, findings and manifest, written whole or not at all."""

import dataclasses
import hashlib
import json
import math
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import jax
import jax.numpy as jnp
import xarray as xr
from matplotlib.figure import Figure

from experiments.runner import style, timing
from experiments.runner.experiment import Experiment, Finding, Table

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


def save(
    experiment: Experiment,
    config: Any,
    data: xr.Dataset,
    *,
    out: pathlib.Path,
    took: timing.Timing,
    command: str,
) -> pathlib.Path:
    """Write `out/<experiment>/`: everything into a temporary folder first, which is then moved into place.

    A run that is killed leaves an older result as it was, or aside under a name that `recover` knows.

    Args:
        experiment: What was run.
        config: With which options.
        data: What came out.
        out: The results folder.
        took: How long `run` took.
        command: The command that reproduces it.

    Raises:
        OSError: The folder cannot be written; the message names it.
    """
    target = out / experiment.name
    try:
        out.mkdir(parents=True, exist_ok=True)
        recover(target)
        temporary = pathlib.Path(tempfile.mkdtemp(prefix=f".{experiment.name}-new-", dir=out))
    except OSError as error:
        raise OSError(
            f"results folder {out} cannot be written: {error.strerror}; choose another with --out"
        ) from error
    try:
        _write(temporary, experiment, config, data, took, command)
        _replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _write(
    folder: pathlib.Path,
    experiment: Experiment,
    config: Any,
    data: xr.Dataset,
    took: timing.Timing,
    command: str,
) -> None:
    data.to_netcdf(folder / "data.nc", engine="h5netcdf")
    with style.context():
        figures = {name: _save_figure(folder, name, *each) for name, each in experiment.figures(data).items()}
    _write_json(folder / "findings.json", [as_json(finding) for finding in experiment.findings(data)])
    _write_json(folder / "tables.json", _tables_as_json(experiment.tables(data)))
    about = {
        field: getattr(experiment, field) for field in ("name", "title", "question", "method", "remember")
    }
    _write_json(
        folder / "manifest.json", about | {"figures": figures} | _manifest(folder, config, took, command)
    )
    folder.chmod(0o755)
    for path in folder.iterdir():
        _sync(path)


def _save_figure(folder: pathlib.Path, name: str, figure: Figure, caption: str) -> str:
    figure.savefig(folder / f"{name}.png")
    figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
    return caption


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding with its verdict; infinite ends of intervals become text, since JSON has no infinity."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            return [plain(each) for each in value]
        return value if not isinstance(value, float) or math.isfinite(value) else str(value)

    return {key: plain(value) for key, value in dataclasses.asdict(finding).items()} | {
        "verdict": finding.verdict
    }


def _tables_as_json(tables: Mapping[str, Table]) -> dict[str, Any]:
    return {
        title: {"header": list(header), "rows": [list(row) for row in rows]}
        for title, (header, rows) in tables.items()
    }


def _write_json(path: pathlib.Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _manifest(folder: pathlib.Path, config: Any, took: timing.Timing, command: str) -> dict[str, Any]:
    """Where the numbers come from: enough to run it again and to see what differs."""
    return {
        "command": command,
        "config": dataclasses.asdict(config),
        "prng": "threefry2x32",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "devices": [f"{device.platform} {device.device_kind}" for device in jax.devices()],
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "precision": "x64 enabled" if jnp.zeros(0, float).dtype == jnp.float64 else "x64 disabled",
        "flags": {name: getattr(jax.config, name, None) for name in FLAGS},
        "environment": {
            name: os.environ[name] for name in ("JAX_PLATFORMS", "XLA_FLAGS") if name in os.environ
        },
        "git": _git_state(),
        "wall_time_seconds": round(took.wall_time, 3),
        "longest_compilation_seconds": round(took.longest_compilation, 3),
        "sha256": {path.name: _hash(path) for path in sorted(folder.iterdir())},
    }


def _git_state() -> dict[str, Any] | None:
    """The commit and whether the tree had changes on top of it; None outside a git checkout."""
    root = pathlib.Path(__file__).parent

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return {"commit": git("rev-parse", "HEAD"), "dirty": bool(git("status", "--porcelain"))}
    except (OSError, subprocess.CalledProcessError):
        return None


def _hash(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path: pathlib.Path) -> None:
    if path.is_dir() and sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _aside(target: pathlib.Path) -> pathlib.Path:
    return target.with_name(f".{target.name}-old")


def _replace(new: pathlib.Path, target: pathlib.Path) -> None:
    """Move `new` to `target`; an older result stands aside meanwhile, and comes back if that fails."""
    aside = _aside(target)
    if target.exists():
        target.rename(aside)
    try:
        new.rename(target)
        _sync(target.parent)
    finally:
        recover(target)


def recover(target: pathlib.Path) -> None:
    """Undo what a kill between two renames left behind: the older result goes back, or goes."""
    aside = _aside(target)
    if aside.exists() and target.exists():
        shutil.rmtree(aside)
    elif aside.exists():
        aside.rename(target)


def load(folder: pathlib.Path) -> dict[str, Any]:
    """One experiment's manifest, findings and tables, as the report needs them.

    Raises:
        FileNotFoundError: A file of the result is missing.
        ValueError: A file is not what was written: its hash differs.
    """
    result = {
        name: json.loads((folder / f"{name}.json").read_text("utf-8"))
        for name in ("manifest", "findings", "tables")
    }
    for name, digest in result["manifest"]["sha256"].items():
        if _hash(folder / name) != digest:
            raise ValueError(
                f"{folder.name}/{name} was changed after it was written; run the experiment again"
            )
    return result | {"folder": folder}


def stored(out: pathlib.Path, names: Sequence[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """What `out` holds of these experiments, in their order, and what is wrong with the others."""
    results, damaged = [], []
    for name in names:
        recover(out / name)
        if (out / name / "manifest.json").exists():
            try:
                results.append(load(out / name))
            except (OSError, ValueError, KeyError) as error:
                damaged.append(str(error))
    return results, damaged
