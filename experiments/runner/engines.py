"""The engines that compute an experiment's sweeps: this process, several processes, or a Dask cluster."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from typing import Any

import nnjax
from experiments.runner.arguments import Request

PATIENCE = 10
"""Seconds to wait for a scheduler."""


@contextlib.contextmanager
def opened(request: Request) -> Iterator[nnjax.Workers | None]:
    """Provide the workers for `nnjax.sweep` while the block runs; None if this process runs the sweeps.

    Raises:
        ImportError: dask.distributed is not installed; the message names the extra to install.
        OSError: The scheduler cannot be reached.
    """
    if request.workers:
        shares = _shares_of_cores(request.workers)
        with _pool(shares) as pool:
            yield nnjax.Workers(pool, devices=max(1, len(shares[0])))
    elif request.executor:
        with _dask(request.executor) as executor:
            yield nnjax.Workers(executor)
    else:
        yield None


def _shares_of_cores(workers: int) -> list[list[int]]:
    """Divide the cores among the workers, which take 1/3 longer if XLA runs each of them on all cores."""
    known = hasattr(os, "sched_getaffinity")
    cores = sorted(os.sched_getaffinity(0)) if known else list(range(os.cpu_count() or 1))
    if workers > len(cores):
        return [[cores[place % len(cores)]] for place in range(workers)]
    size = len(cores) // workers
    return [cores[place * size : (place + 1) * size] for place in range(workers)]


def _pool(shares: list[list[int]]) -> concurrent.futures.ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # JAX's threads do not survive a fork
    left = spawn.Queue()
    for share in shares:
        left.put(share)
    return concurrent.futures.ProcessPoolExecutor(
        len(shares), mp_context=spawn, initializer=_begin, initargs=(left,)
    )


def _begin(left: Any) -> None:
    """Pin this worker to the next share of cores; it ignores Ctrl-C, which the main process handles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, left.get())


@contextlib.contextmanager
def _dask(address: str) -> Iterator[concurrent.futures.Executor]:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ImportError("--executor dask://... needs Dask: pip install 'nnjax[cluster]'") from error
    try:
        client = distributed.Client(address.replace("dask://", "tcp://"), timeout=PATIENCE)
    except OSError as error:
        raise OSError(f"no Dask scheduler answered at {address} within {PATIENCE} s") from error
    with client:
        yield client.get_executor(retries=2)
