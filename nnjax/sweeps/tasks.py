"""The tasks of a sweep: rows that are left, given out, or to be given out again."""

import collections
from typing import Any, NamedTuple

import numpy as np

from nnjax.sweeps import executors

COPIES = 64
"""Most copies of a task, one more for each refusal."""
HOPELESS = 4
"""Refusals after which a copy is given up; a task of which no other copies are left was refused ten times."""


class Task(NamedTuple):
    """Rows that are given out together.

    Attributes:
        rows: The rows, (r,).
        lost: How often a worker was lost with them.
        refused: How often a worker of another kind had them.
        lately: How often since the last result.
        whole: Whether the function must be sent with them.
    """

    rows: np.ndarray
    lost: int = 0
    refused: int = 0
    lately: int = 0
    whole: bool = False

    @property
    def key(self) -> int:
        """What copies of a task have in common, and no others: their first row."""
        return int(self.rows[0])


class Tasks:
    """What is left to do, and who is at it."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self._again = rows, collections.deque[Task]()
        self._given: list[tuple[Any, Task]] = []
        self._finished: set[int] = set()

    @property
    def left(self) -> int:
        """Rows that were never given out."""
        return len(self._rows)

    @property
    def under_way(self) -> int:
        """Tasks that are given out."""
        return len(self._given)

    @property
    def unfinished(self) -> list[Task]:
        """Tasks that are, or were, given out."""
        return [*self._again, *(task for _, task in self._given)]

    def can_give(self) -> bool:
        """Whether something waits to be given out."""
        return bool(self._again or self.left)

    def take(self, size: int) -> Task:
        """The next one, of at most `size` rows if it is new; those that were lost come first."""
        if self._again:
            return self._again.popleft()
        rows, self._rows = np.split(self._rows, [size])
        return Task(rows)

    def give(self, future: Any, task: Task) -> None:
        """Remember who is at it."""
        self._given.append((future, task))

    def split_off_done(self) -> list[tuple[Any, Task]]:
        """Those that have come back since the last look."""
        waiting, done = [], []
        for each in self._given:
            (done if each[0].done() else waiting).append(each)
        self._given = waiting
        return done

    def put_back(self, task: Task) -> None:
        """Have it given out again, unless a copy is finished."""
        if task.key not in self._finished:
            self._again.append(task)

    def refuse(self, task: Task) -> None:
        """Have it given out again, in more copies each time: an executor may choose the same worker."""
        again = task._replace(refused=task.refused + 1, lately=task.lately + 1)
        copies = sum(other.key == task.key for other in self.unfinished)
        for _ in range(min(again.refused + 1, COPIES) - copies):
            self.put_back(again)

    def finish(self, task: Task) -> bool:
        """Call its copies off; False if one of them was finished before."""
        if task.key in self._finished:
            return False
        self._finished.add(task.key)
        self._again = collections.deque(other for other in self._again if other.key != task.key)
        copies = [each for each in self._given if each[1].key == task.key]
        self._given = [each for each in self._given if each[1].key != task.key]
        for future, _ in copies:
            executors.cancel(future)
        return True

    def is_finished(self, task: Task) -> bool:
        """Whether it, or a copy, is finished."""
        return task.key in self._finished

    def are_hopeless(self) -> bool:
        """Whether each one, in all of its copies, has been refused again and again since the last result.

        A copy that a worker is still at counts for the rest: it may be the one worker that fits.
        """
        return all(task.lately >= HOPELESS for task in self.unfinished)

    def hope(self) -> None:
        """Count refusals from 0 again, since a result has come."""
        self._again = collections.deque(task._replace(lately=0) for task in self._again)
        self._given = [(future, task._replace(lately=0)) for future, task in self._given]

    def call_off(self) -> None:
        """Cancel all that is under way."""
        for future, _ in self._given:
            executors.cancel(future)
