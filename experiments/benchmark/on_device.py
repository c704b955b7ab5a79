"""Measure speeds on one device, row by row: python -m experiments.benchmark.on_device FILE [--smoke].

`make accelerator` runs it. PyTorch is included in the comparison if it is installed for the device that JAX
uses.
"""

import csv
import dataclasses
import itertools
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

import jax
import numpy as np

from experiments.benchmark import peers
from experiments.benchmark.machine import clock
from experiments.benchmark.peers import PEERS
from experiments.benchmark.work import Job, Work, digits, xor

HEADER = (
    "work",
    "method",
    "seeds",
    "updates",
    "first call, s",
    "seed-steps/s",
    "speed of nnjax over this method's",
)
NNJAX = "nnjax"
ROUNDS = 3


def works(smoke: bool) -> dict[str, Work]:
    """Make the tasks that all methods train, by name."""
    updates, fewer = (5, 12) if smoke else (5000, 0)
    one_order = dataclasses.replace(digits(epochs=1, small=smoke), seeds=2 ** (10 - fewer // 2))
    return {
        "XOR 2-2-1": xor((2, 2, 1), updates, 2 ** (20 - fewer)),
        "XOR 2-4-4-1": xor((2, 4, 4, 1), updates // 5, 2 ** (19 - fewer)),
        "digits 64-30-10, one order": one_order,
        "digits 64-30-10, own orders": dataclasses.replace(one_order, order_per_seed=True),
    }


def large(smoke: bool) -> dict[str, Work]:
    """Make the tasks that only nnjax trains, once each, with compilation included in the time."""
    shrink = 1000 if smoke else 1
    return {
        "a million XOR 2-2-1": xor((2, 2, 1), 5000 // shrink, 10**6 // shrink),
        "a hundred million XOR 2-2-1": xor((2, 2, 1), 1000 // shrink, 10**8 // shrink // shrink),
    }


def torch_device() -> str | None:
    """Return PyTorch's name for JAX's default device, or None if PyTorch is missing or cannot use it."""
    if not peers.installed("torch"):
        return None
    import torch  # pyright: ignore[reportMissingImports]

    if jax.default_backend() == "gpu":
        return "cuda" if torch.cuda.is_available() else None
    return "cpu" if jax.default_backend() == "cpu" else None


def methods() -> dict[str, Callable[[Work], Job]]:
    """Return the compared methods, nnjax first; each takes a `Work` and makes a job that trains on it."""
    chosen: dict[str, Callable[[Work], Job]] = {
        NNJAX: lambda work: peers.nnjax_sweep(peers.fastest_view(work), work),
        "plain JAX, jit(vmap(scan))": peers.plain_jax,
    }
    device = torch_device()
    if device is not None:
        import torch  # pyright: ignore[reportMissingImports]

        torch.set_default_device(device)
        chosen["torch.func, vmap"] = peers.torch_func
    return chosen


def limited(name: str, work: Work) -> Work:
    """Return the work that a method does, with fewer updates for PyTorch, which is slow."""
    return PEERS[name].limited(work) if name == "torch.func, vmap" else work


def compared(name: str, work: Work) -> Iterator[tuple]:
    """Train once with every method to compile it, then time all methods in turn; yield each method's row."""
    parts = {method: limited(method, work) for method in methods()}
    jobs, first = {}, {}
    for method, make in methods().items():
        try:
            job = make(parts[method])
            first[method], _ = clock(job)
            jobs[method] = job
        except Exception as error:  # such as a lack of memory
            said = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            yield name, method, work.seeds, parts[method].steps, "", "", said
    rounds = [{m: parts[m].seed_steps / clock(job)[0] for m, job in jobs.items()} for _ in range(ROUNDS)]
    for method in jobs:
        rate = np.median([rates[method] for rates in rounds])
        ratio = np.median([rates.get(NNJAX, np.nan) / rates[method] for rates in rounds])
        counts = work.seeds, parts[method].steps
        yield name, method, *counts, f"{first[method]:.2f}", f"{rate:.3g}", f"{ratio:.2f}"


def once(name: str, work: Work) -> tuple:
    """Train with nnjax alone, and return its row of the table; the time includes compilation."""
    seconds, losses = clock(peers.nnjax_sweep(peers.fastest_view(work), work))
    learned = f"{np.mean(losses < 0.1):.4f} of the seeds below SSE 0.1"
    return name, NNJAX, work.seeds, work.steps, f"{seconds:.2f}", f"{work.seed_steps / seconds:.3g}", learned


def rows(smoke: bool) -> Iterator[tuple]:
    """Yield all rows of the table, each as soon as it is measured."""
    for name, work in works(smoke).items():
        yield from compared(name, work)
    for name, work in large(smoke).items():
        yield once(name, work)


def write(file: TextIO, smoke: bool) -> None:
    """Write and print the table as CSV, row by row, so that a time limit does not lose finished rows."""
    writer = csv.writer(file)
    for row in itertools.chain([HEADER], rows(smoke)):
        writer.writerow(row)
        file.flush()
        print(", ".join(map(str, row)), flush=True)


def main(arguments: Sequence[str]) -> int:
    """Measure, write and print."""
    path, smoke = pathlib.Path(arguments[0]), "--smoke" in arguments[1:]
    with path.open("w", encoding="utf-8", newline="") as file:
        write(file, smoke)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
