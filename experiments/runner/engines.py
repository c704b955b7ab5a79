"""Who computes an experiment's sweeps: this process, several on this machine, or a Dask cluster."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator

import nnjax
from experiments.runner.arguments import Request

PATIENCE = 10
"""Seconds to wait for a scheduler."""


@contextlib.contextmanager
def opened(request: Request) -> Iterator[nnjax.Workers | None]:
    """What `nnjax.sweep` takes as its executor, while the block runs; None for this process alone.

    Raises:
        ImportError: dask.distributed is not installed; the message names the extra.
        OSError: The scheduler cannot be reached.
    """
    if request.workers:
        with _pool(request.workers) as pool:
            cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            yield nnjax.Workers(pool, devices=max(1, cores // request.workers))
    elif request.executor:
        with _dask(request.executor) as executor:
            yield nnjax.Workers(executor)
    else:
        yield None


def _pool(workers: int) -> concurrent.futures.ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")  # JAX's threads do not survive a fork
    return concurrent.futures.ProcessPoolExecutor(workers, mp_context=spawn, initializer=_leave_ctrl_c)


def _leave_ctrl_c() -> None:
    """Ctrl-C goes to every process of a terminal, and the first one ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _dask(address: str) -> Iterator[concurrent.futures.Executor]:
    try:
        import distributed
    except ModuleNotFoundError as error:
        raise ImportError("--executor dask://... needs Dask: pip install 'nnjax[cluster]'") from error
    try:
        client = distributed.Client(address.replace("dask://", "tcp://"), timeout=PATIENCE)
    except OSError as error:
        raise OSError(f"no Dask scheduler answers at {address} within {PATIENCE} s") from error
    with client:
        yield client.get_executor(retries=2)
