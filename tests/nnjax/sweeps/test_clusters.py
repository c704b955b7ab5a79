"""On three engines, a cluster gives the same bits as one machine even if workers are killed, late or slow."""

import concurrent.futures
import contextlib
import multiprocessing
import os
import pathlib
import signal
import subprocess
import sys
import time

import chex
import clustered
import jax
import numpy as np
import pytest
import standin

import nnjax
from nnjax import sweeps

OPTIMISED = True
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.filterwarnings("ignore"),  # the engines' own warnings
]
ROOT = pathlib.Path(__file__).parents[3]
SHARED = ROOT / "tests" / "shared"


@pytest.fixture(scope="module", autouse=True)
def importable():
    """Let workers import the same modules as the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (ROOT, SHARED))))
        yield


@pytest.fixture(scope="module")
def alone():
    return nnjax.sweep(clustered.chaotic, clustered.SEEDS, lane=clustered.LANE)


@pytest.fixture(autouse=True)
def small_segments(monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 1)


def same(got, expected):
    chex.assert_trees_all_equal(got, expected, strict=True)


def swept(executor, **options):
    return nnjax.sweep(clustered.chaotic, clustered.SEEDS, lane=clustered.LANE, executor=executor, **options)


class Once:
    """An `on_segment` that does something once, as soon as a given number of runs is done."""

    def __init__(self, runs, act):
        self._runs, self._act = runs, act

    def __call__(self, done, total):
        if done >= self._runs and self._act is not None:
            act, self._act = self._act, None
            act()


# Dask.


class Cluster:
    """A scheduler in this process, and workers in separate processes that are never restarted.

    Attributes:
        client: The client that talks to the scheduler.
        workers: The processes.
    """

    def __init__(self, scheduler, client):
        self.address, self.client, self.workers = scheduler.scheduler_address, client, []

    def start(self, count, **environment):
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, *options]
        for _ in range(count):
            process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | environment)
            self.workers.append(process)

    def ready(self, least=1):
        """Wait until this many or more workers have joined and all dead ones have left; return the living."""
        living = [worker for worker in self.workers if worker.poll() is None]
        self.start(least - len(living))
        living = [worker for worker in self.workers if worker.poll() is None]
        self.client.wait_for_workers(len(living))
        while self.known() > len(living):
            time.sleep(0.01)
        return living

    def known(self):
        return len(self.client.scheduler_info(n_workers=-1)["workers"])

    def kill(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()


@pytest.fixture(scope="module")
def cluster(importable):
    import distributed

    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=None) as scheduler,
        distributed.Client(scheduler) as client,
    ):
        cluster = Cluster(scheduler, client)
        yield cluster
        cluster.kill()


@pytest.fixture
def executor(cluster):
    cluster.ready(least=2)
    return cluster.client.get_executor(retries=2)


def test_dask_with_a_worker_that_is_killed_and_one_that_is_slow(alone, cluster, executor):
    slow, killed = cluster.ready()[:2]

    def disturb():
        slow.send_signal(signal.SIGSTOP)
        killed.kill()
        time.sleep(0.5)
        slow.send_signal(signal.SIGCONT)

    same(swept(executor, on_segment=Once(20, disturb)), alone)
    assert killed.wait() == -signal.SIGKILL


def test_dask_with_workers_that_join_late(alone, cluster, executor):
    before = cluster.known()
    same(swept(executor, on_segment=Once(10, lambda: cluster.start(3))), alone)
    cluster.ready()
    assert cluster.known() == before + 3
    same(swept(executor), alone)


@contextlib.contextmanager
def stopped(workers):
    """Pause these workers; they keep the tasks that they have."""
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    yield
    for worker in workers:
        worker.send_signal(signal.SIGCONT)


@pytest.fixture
def stranger(cluster):
    """Let a worker of another kind join and get tasks; it leaves after the test."""

    def join():
        with stopped(cluster.ready()):
            cluster.start(1, XLA_FLAGS="--xla_cpu_max_isa=SSE4_2")
            cluster.ready()

    yield join
    worker = cluster.workers.pop()
    worker.kill()
    worker.wait()
    cluster.ready()


def test_dask_with_a_late_worker_of_another_kind(alone, executor, stranger):
    """Dask often gives a refused task to the same worker again, since that worker is free."""
    with pytest.warns(UserWarning, match=r"is refused, .*: its XLA_FLAGS is \['--xla_cpu_max_isa=SSE4_2'\]"):
        same(swept(executor, on_segment=Once(10, stranger)), alone)


def test_dask_compiles_once_in_each_worker(cluster, executor, tmp_path):
    path = str(tmp_path / "traces")

    def noted(key):
        with open(path, "a", encoding="utf-8") as file:
            print(os.getpid(), file=file)
        return jax.random.normal(key)

    workers = nnjax.Workers(executor, tasks=60)
    first = nnjax.sweep(noted, range(60), lane=1, executor=workers)
    traced = pathlib.Path(path).read_text().split()
    same(nnjax.sweep(noted, range(60), lane=1, executor=workers), first)
    assert pathlib.Path(path).read_text().split() == traced
    counts = [traced.count(process) for process in set(traced) - {str(os.getpid())}]
    assert len(counts) > 1
    assert max(counts) <= 3  # traced once each for its shapes, its text and its program


def test_dask_for_work_that_ends_at_different_times(executor):
    def step(x):
        return jax.numpy.sin(3 * x) * 2

    arguments = (jax.random.normal, step, lambda x: abs(x) < 0.05, range(200))
    options = {"check_every": 1, "lane": 8}
    same(
        nnjax.sweep_until(*arguments, **options, executor=executor), nnjax.sweep_until(*arguments, **options)
    )


def test_dask_with_a_driver_that_is_killed(alone, cluster, executor, tmp_path):
    command = [sys.executable, SHARED / "clustered.py", cluster.address, tmp_path / "kept"]
    process = subprocess.Popen(command)
    while len(list(tmp_path.glob("kept/segment-*"))) < 10:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    there = len(list(tmp_path.glob("kept/segment-*")))
    calls = []
    got = swept(executor, folder=tmp_path / "kept", on_segment=lambda done, total: calls.append(done))
    same(got, alone)
    assert min(filter(None, calls)) >= 2 * there >= 20  # the first call, (0, total), is left out
    assert there < 80


# Engines whose workers are short-lived.


@pytest.fixture
def pool():
    with contextlib.ExitStack() as stack:

        def opened():
            spawn = multiprocessing.get_context("spawn")
            return stack.enter_context(concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn))

        yield opened


def test_a_pool_breaks_as_a_whole_and_the_next_call_goes_on(alone, pool, tmp_path):
    first = pool()

    def kill():
        os.kill(next(iter(first._processes)), signal.SIGKILL)

    with pytest.raises(RuntimeError, match=r"the whole pool is broken, .*; open another one") as broken:
        swept(first, folder=tmp_path, on_segment=Once(20, kill))
    assert "finished segments kept in" in broken.value.__notes__[0]
    there = len(list(tmp_path.glob("segment-*")))
    assert 10 <= there < 80
    calls = []
    same(swept(pool(), folder=tmp_path, on_segment=lambda *call: calls.append(call)), alone)
    assert min(done for done, _ in calls if done) >= 2 * there  # the first call, (0, total), is left out


def test_submitit(alone, tmp_path):
    import submitit

    executor = submitit.LocalExecutor(tmp_path / "log")
    same(swept(nnjax.Workers(executor, tasks=2)), alone)


@pytest.fixture
def little_disk(tmp_path):
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def curve(key):
    return jax.random.normal(key, (256,), jax.numpy.float32)


def test_a_disk_that_fills_up_keeps_what_is_on_it(little_disk):
    folder = little_disk / "kept"
    with pytest.raises(OSError, match=r"\(No space left on device\); finished segments stay"):
        nnjax.sweep(curve, range(100), lane=4, folder=folder, executor=standin.Inline())
    kept = sorted(folder.glob("segment-*"))
    assert len(kept) > 3
    assert not list(folder.glob(".*"))
    last = 4 * (len(kept) - 1)
    same(np.load(kept[-1])["leaf_0"], nnjax.sweep(curve, range(last, last + 4), lane=4))
