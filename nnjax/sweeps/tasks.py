"""The tasks of a sweep: rows not yet given out, those given out, and those to be given out again."""

import collections
from typing import Any, NamedTuple

import numpy as np

from nnjax.sweeps import executors

COPIES = 64
"""The largest number of copies of a task; each refusal adds a copy."""
HOPELESS = 4
"""The number of refusals after which a copy is given up; a task loses its last copy after ten refusals."""


class Task(NamedTuple):
    """Rows that are given out together.

    Attributes:
        rows: The rows, (r,).
        lost: How often a worker was lost while it computed these rows.
        refused: How often a worker of the wrong kind refused these rows.
        lately: How often these rows have been refused since the last result.
        whole: Whether the function must be sent with the rows.
    """

    rows: np.ndarray
    lost: int = 0
    refused: int = 0
    lately: int = 0
    whole: bool = False

    @property
    def key(self) -> int:
        """The first row, which only copies of the same task share."""
        return int(self.rows[0])


class Tasks:
    """The tasks that are left to do, and those that are under way."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self._again = rows, collections.deque[Task]()
        self._given: list[tuple[Any, Task]] = []
        self._finished: set[int] = set()

    @property
    def left(self) -> int:
        """The number of rows that were never given out."""
        return len(self._rows)

    @property
    def under_way(self) -> int:
        """The number of tasks that are given out."""
        return len(self._given)

    @property
    def unfinished(self) -> list[Task]:
        """Tasks that are given out, or waiting to be given out again."""
        return [*self._again, *(task for _, task in self._given)]

    def can_give(self) -> bool:
        """Check whether anything is waiting to be given out."""
        return bool(self._again or self.left)

    def take(self, size: int) -> Task:
        """Take the next task; tasks to be repeated come first, and new ones have at most `size` rows."""
        if self._again:
            return self._again.popleft()
        rows, self._rows = np.split(self._rows, [size])
        return Task(rows)

    def give(self, future: Any, task: Task) -> None:
        """Remember the future that computes a task."""
        self._given.append((future, task))

    def split_off_done(self) -> list[tuple[Any, Task]]:
        """Remove and return the tasks that have come back since the last call."""
        waiting, done = [], []
        for each in self._given:
            (done if each[0].done() else waiting).append(each)
        self._given = waiting
        return done

    def put_back(self, task: Task) -> None:
        """Put a task back to be given out again, unless a copy is finished."""
        if task.key not in self._finished:
            self._again.append(task)

    def refuse(self, task: Task) -> None:
        """Give a task out again, in more copies each time: an executor may choose the same worker again."""
        again = task._replace(refused=task.refused + 1, lately=task.lately + 1)
        copies = sum(other.key == task.key for other in self.unfinished)
        for _ in range(min(again.refused + 1, COPIES) - copies):
            self.put_back(again)

    def finish(self, task: Task) -> bool:
        """Mark a task as finished and cancel its copies; return False if a copy was finished before."""
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
        """Check whether a task, or a copy of it, is finished."""
        return task.key in self._finished

    def are_hopeless(self) -> bool:
        """Check whether every copy of every task has been refused many times since the last result.

        A copy that is still under way counts too: its worker may be the one that fits.
        """
        return all(task.lately >= HOPELESS for task in self.unfinished)

    def hope(self) -> None:
        """Reset the counts of refusals, since a result has arrived."""
        self._again = collections.deque(task._replace(lately=0) for task in self._again)
        self._given = [(future, task._replace(lately=0)) for future, task in self._given]

    def call_off(self) -> None:
        """Cancel everything that is under way."""
        for future, _ in self._given:
            executors.cancel(future)
