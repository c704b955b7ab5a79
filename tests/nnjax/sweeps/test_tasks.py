"""Tasks are handed out once, lost tasks are handed out again, and refused tasks are handed out in copies."""

import numpy as np
import pytest
from standin import Future

from nnjax.sweeps.tasks import Tasks


def given(tasks, size=2):
    future, task = Future(None), tasks.take(size)
    tasks.give(future, task)
    return future, task


def test_every_row_is_given_out_once_and_the_lost_ones_come_first():
    tasks = Tasks(np.arange(5))
    _, first = given(tasks)
    tasks.put_back(first._replace(lost=1))
    assert (tasks.left, tasks.under_way, tasks.can_give()) == (3, 1, True)
    rows = [tasks.take(2).rows.tolist() for _ in range(3)]
    assert rows == [[0, 1], [2, 3], [4]]
    assert not tasks.can_give()


def test_what_is_done_is_split_off():
    tasks = Tasks(np.arange(4))
    (_, slow), (future, task) = given(tasks), given(tasks)
    future._compute = lambda: None
    assert [each.key for _, each in tasks.split_off_done()] == [task.key]
    assert [each.key for each in tasks.unfinished] == [slow.key]


def test_a_refused_task_has_more_copies_each_time_and_one_that_is_finished_ends_them():
    tasks = Tasks(np.arange(2))
    task, copies = tasks.take(2), []
    for expected in (2, 3, 4):
        tasks.refuse(task)
        while tasks.can_give():
            copies.append(given(tasks))
        assert tasks.under_way == expected
        task = copies[-1][1]
        assert task.refused == expected - 1
        if expected < 4:
            copies.pop()
            tasks._given.pop()
    tasks.refuse(task)
    assert tasks.finish(task)
    assert not tasks.can_give()
    assert not tasks.under_way
    assert all(future.cancelled for future, _ in copies)
    tasks.put_back(task)
    tasks.refuse(task)
    assert (tasks.can_give(), tasks.finish(task), tasks.is_finished(task)) == (False, False, True)


@pytest.mark.parametrize("refused", [1000])
def test_copies_come_to_an_end(refused):
    tasks = Tasks(np.arange(2))
    tasks.refuse(tasks.take(2)._replace(refused=refused))
    assert len(tasks.unfinished) == 64


def test_tasks_are_hopeless_once_all_copies_are_refused_again_and_again():
    tasks = Tasks(np.arange(3))
    tasks.refuse(tasks.take(2))
    refusals = 1
    while not tasks.are_hopeless():
        tasks.refuse(tasks.take(2))
        refusals += 1
    assert refusals == 10
    for _ in tasks.unfinished:
        given(tasks)
    _, other = given(tasks, 1)
    assert not tasks.are_hopeless()  # one task has not been refused by any worker
    tasks.finish(other)
    assert tasks.are_hopeless()
    tasks.hope()
    assert not tasks.are_hopeless()


def test_all_can_be_called_off():
    tasks = Tasks(np.arange(4))
    futures = [given(tasks)[0] for _ in range(2)]
    tasks.call_off()
    assert all(future.cancelled for future in futures)
