"""Try nnjax on a GPU or TPU (`make accelerator`): doctor, tests, the invariant, smoke runs and speeds.

This script installs nothing. It uses the Python that runs it, with that Python's packages, and names each
part that it skips because a package is missing. Each part runs in a process with a time limit, so that the
other parts still run if one fails or hangs.
"""

import argparse
import concurrent.futures
import csv
import dataclasses
import importlib.util
import os
import pathlib
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import metadata

import experiments

RUNNER = ("tyro", "rich", "jinja2", "matplotlib", "xarray", "h5netcdf", "scipy", "pandas", "sklearn")
TESTS = ("pytest", "xdist", "beartype", "chex", "hypothesis", "flax")
SHARED = "not slow and not kill and not cluster and not cpu"
"""The tests that any device must pass."""


@dataclasses.dataclass(frozen=True)
class Part:
    """One of the checks.

    Attributes:
        name: Name of the part, in the table and in the name of the log file.
        command: The arguments passed to Python.
        limit: Number of seconds after which the part is stopped.
        needs: Packages without which the part is skipped.
        alone: Whether the part must run alone because it is timed.
    """

    name: str
    command: tuple[str, ...]
    limit: float
    needs: tuple[str, ...] = ()
    alone: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a part ended, how many seconds it took, and the last line that it printed."""

    part: str
    ended: str
    seconds: float
    said: str


def parts(out: pathlib.Path, smoke: bool, workers: int) -> list[Part]:
    """List the parts in the order in which they run; `smoke` uses the smallest sizes, for a rehearsal."""
    tests = "tests/nnjax/test_backprop.py" if smoke else "tests/nnjax"
    names = experiments.STORY[:1] if smoke else experiments.STORY
    small = ("--smoke",) if smoke else ()
    pytest = ("pytest", tests, "-n", str(workers), "-m", SHARED, "-o", f"cache_dir={out / 'pytest'}")
    # pytest-benchmark, if installed, refuses to run when pytest uses several processes.
    pytest += ("-p", "no:benchmark", "-v", "-rf", "--tb=short")
    return [
        Part("tests", pytest, 170, TESTS),
        Part("doctor", ("nnjax.doctor",), 90),
        Part("same bits", ("experiments.runner.invariant", *(("--seeds", "200") if smoke else ())), 90),
        *(
            Part(f"smoke {name}", ("experiments", name, "--smoke", "--out", str(out / name)), 120, RUNNER)
            for name in names
            if name not in experiments.ONLY_BY_NAME
        ),
        Part(
            "speeds",
            ("experiments.benchmark.on_device", str(out / "speeds.csv"), *small),
            140,
            RUNNER,
            alone=True,
        ),
    ]


def missing(part: Part) -> list[str]:
    """List the packages that a part needs but this Python lacks."""
    return [name for name in part.needs if importlib.util.find_spec(name) is None]


def attempt(part: Part, out: pathlib.Path) -> Outcome:
    """Run a part in a separate process, with its output in a log; this never raises an error."""
    lacking, start = missing(part), time.monotonic()
    if lacking:
        return Outcome(part.name, f"skipped: this Python has no {', '.join(lacking)}", 0, "")
    log = out / f"{part.name.replace(' ', '-')}.log"
    # Several processes share the device's memory, so none may reserve 3/4 of it, as JAX does by default.
    shared = {} if part.alone else {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(out / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    environment = os.environ | shared | cache | {"PYTHONUNBUFFERED": "1"}
    with log.open("w", encoding="utf-8") as output:
        try:
            done = subprocess.run(
                [sys.executable, "-m", *part.command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                timeout=part.limit,
            )
            ended = "passed" if done.returncode == 0 else f"FAILED (status {done.returncode})"
        except subprocess.TimeoutExpired:
            ended = f"STOPPED after {part.limit:.0f} s"
    return Outcome(part.name, ended, time.monotonic() - start, last_line(log))


def last_line(log: pathlib.Path) -> str:
    """Return the last printed line that contains a letter or digit."""
    lines = [line.strip() for line in log.read_text("utf-8", errors="replace").splitlines()]
    return next((line for line in reversed(lines) if any(map(str.isalnum, line))), "")


def facts() -> list[str]:
    """List the versions of Python and the packages; the doctor's log names the device."""
    names = ("jax", "jaxlib", "optax", "flax", "numpy", "torch")
    found = [name for name in names if importlib.util.find_spec(name)]
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in found)
    return [f"Python {platform.python_version()} ({sys.executable})", versions, f"{os.cpu_count()} cores"]


def table(outcomes: Sequence[Outcome], speeds: pathlib.Path) -> str:
    """Format one line for each part, followed by the speeds if they were measured."""
    lines = [f"{each.part:<26}{each.ended:<20}{each.seconds:>6.0f} s  {each.said[:110]}" for each in outcomes]
    if speeds.exists():
        with speeds.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        lines += ["", *("{:<30}{:<28}{:>10}{:>9}{:>15}{:>14}  {}".format(*row) for row in rows)]
    return "\n".join(lines)


def run(chosen: Sequence[Part], out: pathlib.Path, at_once: int) -> list[Outcome]:
    """Run the parts, `at_once` of them at a time; the parts that must run alone follow one by one."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        together = {part: pool.submit(attempt, part, out) for part in chosen if not part.alone}
        outcomes = {part: future.result() for part, future in together.items()}
    for part in chosen:
        if part.alone:
            outcomes[part] = attempt(part, out)
    return [outcomes[part] for part in chosen]


def main(arguments: Sequence[str]) -> int:
    """Run everything, print and store the table, and return 1 if a part failed or was stopped."""
    parser = argparse.ArgumentParser(prog="python -m experiments.runner.accelerator", description=__doc__)
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results-accelerator"))
    parser.add_argument(
        "--smoke", action="store_true", help="use the smallest sizes, for a rehearsal on a CPU"
    )
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    print("\n".join(facts()), flush=True)
    cores = os.cpu_count() or 1
    outcomes = run(parts(given.out, given.smoke, max(1, cores // 2)), given.out, max(1, cores // 4))
    text = table(outcomes, given.out / "speeds.csv")
    (given.out / "table.txt").write_text("\n".join([*facts(), "", text, ""]), "utf-8")
    print(f"\n{text}\n\nThe logs, the speeds and this table are in {given.out}/")
    return int(any(each.ended.startswith(("FAILED", "STOPPED")) for each in outcomes))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
