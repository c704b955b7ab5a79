"""The workers of a sweep: rows are cut into tasks, and a task is given out again if its worker is lost."""

import collections
import hashlib
import os
import secrets
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import jax
import numpy as np

from nnjax.sweeps import answers, devices, executors, jobs, parts, workers
from nnjax.sweeps.tasks import Task, Tasks

GOAL = 10.0
"""The number of seconds that a task should take; giving it out takes a thousandth of this time."""
AHEAD = 4
"""The number of tasks given out per known worker, so that no worker waits for the driver."""
KNOWN_AT_FIRST = 16
"""The number of workers that is assumed until more have answered."""
LANES_UNTIL = 4
"""The smallest number of lanes per device in a task of `sweep_until`, whose slots take new rows."""
MESSAGE = 2**26
"""The largest number of bytes of results that a task brings back, unless a single lane produces more.

It is also the largest number of bytes for all the functions that are being sent at any one time, unless a
single function is larger.
"""
SMALL = 100_000
"""The size in bytes up to which a pickled function is sent with every task."""
PAUSES = 0.001, 0.05
"""Seconds between two checks of the futures: the first pause, and the longest one."""
SIGN_OF_LIFE = 1.0
"""Seconds after which `on_segment` is called even if no result has arrived."""
OTHERS = 8
"""The largest number of workers that are asked in the search for one of the folder's kind."""
RETRIES = 1
"""How many times a task may be given out again after the executor has lost it."""


class Crew:
    """The workers of one sweep, as far as they are known, and the tasks given out to them.

    Attributes:
        lane: The number of rows that are computed together on one device.
        identity: What the bits of a row depend on, according to the folder or the first worker that answered.
    """

    def __init__(
        self,
        given: executors.Workers,
        job: jobs.Job,
        lane: int | None,
        folder: str | os.PathLike | None = None,
        waiting: Callable[[], Any] = lambda: None,
    ) -> None:
        """Ask a first worker; `waiting` is called now and then until the worker answers.

        If the folder was made with the same function, look for a worker of the folder's kind; if there is no
        such worker, opening the folder raises an error later.

        Raises:
            TypeError: If the function cannot be pickled.
            TimeoutError: If no worker has answered.
            RuntimeError: If the executor accepts no tasks, or fn's results have a different form on the
                workers.
        """
        content = executors.pickled(job.function)
        self._order = workers.Order(
            digest=hashlib.sha256(content).hexdigest(),
            content=content,
            python=workers.PYTHON,
            settings={name: getattr(jax.config, name) for name in jobs.settings_of_jax()},
            lane=lane,
            devices=given.devices,
        )
        self._here, self._waiting = jobs.identity(job), waiting
        self._given, self._job, self._kind = given, job, f"executor {type(given.executor).__name__}"
        self._token, self._sent = secrets.token_hex(8), 0
        self._answers: collections.Counter[str] = collections.Counter()
        self._strangers: set[str] = set()
        self._unknown, self._pace = 0, np.inf
        first = self._first(None if folder is None else parts.begun(folder, self._here))
        self.identity = dict(first.identity or {})
        self.lane = self.identity["lane"]
        self._order = self._order._replace(lane=self.lane, expected=self.identity)
        self._unit = self.lane * first.devices * (LANES_UNTIL if job.function.until else 1)

    def _first(self, expected: dict[str, Any] | None) -> workers.Answer:
        """Return the answer of the first worker of the expected kind, or of any kind if there is none."""
        self.identity = expected or {}
        self._order = self._order._replace(expected=expected)
        answer, others = self._ask(Task(np.arange(0), whole=True)), 1
        while expected and answer.identity != expected and others < OTHERS:
            self._name(answer)
            answer, others = self._ask(Task(np.arange(0), whole=True)), others + 1
        return answer

    def _ask(self, task: Task) -> workers.Answer:
        """Send the function to a worker without any rows, and return the worker's answer."""
        future = self._submit(task)
        try:
            self._await(future)
            try:
                answer = future.result()
            except Exception as error:
                return self._ask(self._after_loss(task, error))
        finally:
            executors.cancel(future)
        if answer.failure:
            raise answers.exception(answer)
        self._refuse_another_program(answer)
        self._answers[answer.worker] += 1
        return answer

    def _refuse_another_program(self, answer: workers.Answer) -> None:
        """Compare fn's program on the worker with the local one, if equal versions make them comparable."""
        if answer.shapes != self._job.shapes:
            raise RuntimeError(
                f"fn's results are {self._job.shapes} here and {answer.shapes} on worker {answer.worker}: "
                "install the same versions of nnjax, of its packages and of your own modules on all machines"
            )
        there = answer.identity or {}
        alike = all(there.get(name) == self._here[name] for name in ("jax", "jaxlib"))
        if alike and answer.platform == devices.chosen()[0].platform and _fn(there) != _fn(self._here):
            raise RuntimeError(f"worker {answer.worker}: {answers.ADVICE['function']}")

    def _await(self, future: Any) -> None:
        shown, pause = time.monotonic(), PAUSES[0]
        end = shown + self._given.wait
        while not future.done():
            if time.monotonic() > shown + SIGN_OF_LIFE:
                shown = time.monotonic()
                self._waiting()
            if time.monotonic() > end:
                raise TimeoutError(
                    f"no worker has answered within {self._given.wait:g} s: does {self._kind} have any? If "
                    "workers start from a queue, wait longer: executor=nnjax.Workers(..., wait=3600)"
                )
            time.sleep(pause)
            pause = min(PAUSES[1], 2 * pause)

    def _submit(self, task: Task) -> Any:
        """Give a task out.

        Raises:
            RuntimeError: If the executor does not accept the task.
        """
        order = self._order if task.whole or self._travels() else self._order._replace(content=None)
        columns = {name: column[task.rows] for name, column in self._job.rows.columns.items()}
        self._sent += 1
        try:
            return self._given.executor.submit(workers.run, order, columns, f"{self._token}-{self._sent}")
        except Exception as error:
            executors.refuse_broken(error)
            raise RuntimeError(
                f"{self._kind} takes no tasks ({error}); if it is closed, open another one"
            ) from error

    def _travels(self) -> bool:
        """Decide whether a task carries the function: not if it is large, and workers stay and keep it."""
        answers = self._answers.total()
        stay = answers > len(self._answers) and answers > 2 * self._unknown
        return self._size_of_function <= SMALL or not stay

    @property
    def _size_of_function(self) -> int:
        return len(self._order.content or b"")

    def compute(self, wanted: np.ndarray) -> Generator[jobs.Piece, None, None]:
        """Compute these rows; yield a piece for every answer, and an empty one now and then.

        Raises:
            RuntimeError: If workers were lost twice with the same rows, or all workers are of another kind.
            Exception: Whatever fn raised, with the row and the worker in its notes.
        """
        tasks = Tasks(wanted)
        shown = time.monotonic()
        pause = PAUSES[0]
        try:
            while tasks.can_give() or tasks.under_way:
                while tasks.can_give() and tasks.under_way < self._most():
                    task = tasks.take(self._size(len(wanted), tasks.left))
                    tasks.give(self._submit(task), task)
                start = time.monotonic()
                done = tasks.split_off_done()
                if done:
                    pause = PAUSES[0]
                    yield from self._taken(done, tasks)
                    continue
                now = time.monotonic()
                if now - shown > SIGN_OF_LIFE:
                    shown = now
                    yield wanted[:0], []
                # Some executors ask a server, or read a disk, for each future.
                time.sleep(max(pause, 10 * (now - start)))
                pause = min(PAUSES[1], 2 * pause)
        finally:
            tasks.call_off()

    def _most(self) -> int:
        """Limit the number of tasks under way.

        Only a few tasks are given out while a large function is being sent, since a worker needs the function
        only once.
        """
        known = len(self._answers)
        if self._given.tasks:
            return self._given.tasks
        most = AHEAD * max(KNOWN_AT_FIRST, known)
        if self._size_of_function <= SMALL or not self._travels():
            return most
        return min(most, max(MESSAGE // self._size_of_function, known, 1))

    def _size(self, total: int, left: int) -> int:
        """Choose the next task's size: `GOAL` seconds, or less near the end, so that tasks end together."""
        if self._given.tasks:
            lanes_of_all = -(-total // self.lane)
            return self._fitting(float(-(-lanes_of_all // self._given.tasks) * self.lane), self.lane)
        share = left / (2 * max(1, len(self._answers)))
        return self._fitting(min(GOAL / max(self._pace, 1e-12), share), self._unit)

    def _fitting(self, rows: float, unit: int) -> int:
        """Round to whole units, or to one or more whole lanes if a message cannot hold a unit's results."""
        most = MESSAGE // max(1, sum(array.nbytes for array in self._job.empty(1)))
        rows = unit * max(1, int(rows / unit))
        return rows if rows <= most else max(self.lane, most // self.lane * self.lane)

    def _taken(self, done: list[tuple[Any, Task]], tasks: Tasks) -> Iterator[jobs.Piece]:
        """Yield the results that have arrived, and put back the tasks that must be computed elsewhere.

        Raises:
            RuntimeError: If all workers seem to be of another kind.
        """
        lost, errors, refused, heard = [], [], None, False
        for future, task in done:
            try:
                answer = future.result()
            except Exception as error:
                lost.append((task, error))
                continue
            self._answers[answer.worker] += 1
            if answer.failure and not answer.failure.loading:
                errors.append(answers.exception(answer))
            elif answer.leaves is not None:
                heard = True
                self._pace = min(self._pace, answer.seconds / len(task.rows))
                if tasks.finish(task):
                    yield task.rows, answer.leaves
            elif answer.failure or answer.identity is not None:
                tasks.refuse(task)
                refused = self._name(answer)
            else:
                self._unknown += 1
                tasks.put_back(task._replace(whole=True))
        for error in errors:
            raise error
        for task, error in lost:
            if not tasks.is_finished(task):
                tasks.put_back(self._after_loss(task, error))
        if heard:
            tasks.hope()
        elif refused and tasks.are_hopeless():
            raise RuntimeError(f"every worker that answers is of another kind: {refused}")

    def _after_loss(self, task: Task, error: Exception) -> Task:
        """Return the task in the form in which it is given out again, with the function included.

        Raises:
            RuntimeError: If the task has been lost before, or the executor accepts no more tasks.
        """
        executors.refuse_broken(error)
        if task.lost >= RETRIES:
            what = f"with seeds {self._seeds(task)}" if len(task.rows) else "at the very beginning"
            raise RuntimeError(
                f"{self._kind} has lost its worker twice {what} ({type(error).__name__}: {error}); the "
                "worker's log may say why: memory, a time limit, a missing package"
            ) from error
        return task._replace(lost=task.lost + 1, whole=True)

    def _seeds(self, task: Task) -> str:
        seeds = self._job.rows.columns["seed"][task.rows]
        return f"{seeds[0]} to {seeds[-1]}"

    def _name(self, answer: workers.Answer) -> str:
        """Warn once about a worker of another kind, and return what is different about it."""
        difference = answers.difference(self.identity, answer)
        if answer.worker not in self._strangers:
            self._strangers.add(answer.worker)
            warnings.warn(
                f"worker {answer.worker} is refused, and its work is done elsewhere: {difference}",
                stacklevel=2,
            )
        return difference


def _fn(identity: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the part of an identity that describes the function, without lanes and processors."""
    return identity.get("function"), identity.get("constants")
