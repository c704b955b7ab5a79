"""Many teachers: the first is the teacher of module `students`, and its students learn as in that module."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

import nnjax
from experiments.runner.context import Context
from experiments.seed_minima import students, teachers
from nnjax import minima


def test_the_first_teacher_is_that_of_the_students():
    _, rows = students.task()
    tasks = teachers.tasks(2)
    np.testing.assert_allclose(tasks.xs[0], rows.xs, rtol=1e-5)  # drawn in float32
    np.testing.assert_allclose(tasks.ys[0], rows.ys, rtol=1e-5)
    assert not np.allclose(tasks.xs[0], tasks.xs[1])


def test_a_rate_is_stable_at_the_teachers_minimum():
    """From nearby, descent reaches the minimum at this rate but leaves it at 1.3 times the rate, 2.08 / λ."""
    tasks = teachers.tasks(1)
    params, rows = students.task()
    near = jax.tree.map(lambda leaf: leaf + 1e-6, params)

    @jax.jit
    def descend(rate):
        def step(now, _):
            grads = nnjax.gradients(students.STUDENT, now, *rows)
            moved = jax.tree.map(lambda value, slope: value - rate * slope, now, grads)
            return moved, nnjax.total_loss(students.STUDENT, now, *rows)

        return jax.lax.scan(step, near, length=400)[1]

    for factor, falls in ((1.0, True), (1.3, False)):
        losses = descend(factor * tasks.rates[0])
        assert bool(losses[-1] < losses[0]) is falls


def test_an_epoch_is_the_students_at_the_teachers_rate():
    state = teachers.begin(nnjax.key(3), jnp.int32(0))
    tasks = teachers.tasks(2)
    rows, rate = (tasks.xs[0], tasks.ys[0]), tasks.rates[0]
    grads = nnjax.gradients(students.STUDENT, state.params, *rows)
    expected = tuple(
        nnjax.Layer(w - rate * dw, b - rate * db)
        for (w, b), (dw, db) in zip(state.params, grads, strict=True)
    )
    moved = teachers.descend(2)(state)
    chex.assert_trees_all_close(moved.params, expected, rtol=1e-12)
    assert (int(moved.teacher), int(moved.epochs)) == (0, 1)
    assert not bool(teachers.arrived(2)(state))


@pytest.mark.slow
def test_ends_are_told_on_their_own_teachers_rows(monkeypatch):
    looked_at, seen = teachers._looked_at, []
    monkeypatch.setattr(teachers, "_looked_at", lambda *flat: (seen.append(looked_at(*flat)), seen[-1])[1])
    data = teachers.measure(Context(), np.arange(2), 2, 20_000)
    assert dict(data.sizes) == {"seed": 2, "teacher": 2}
    assert teachers.solved(data)[0].tolist() == [True, True]
    tasks, (polished, _) = teachers.tasks(2), seen[0]
    for index, (seed, teacher) in enumerate(np.ndindex(2, 2)):
        params = tuple(nnjax.Layer(w[index], b[index]) for w, b in polished.params)
        own, other = (
            float(nnjax.total_loss(students.STUDENT, params, tasks.xs[k], tasks.ys[k]))
            for k in (teacher, 1 - teacher)
        )
        np.testing.assert_allclose(data["loss"][seed, teacher], own, rtol=1e-6, atol=1e-20)
        assert other > 1e-3


def test_a_student_is_in_a_local_minimum_or_has_learnt_or_neither():
    """The cases are: strict and high; low; settled but flat; strict and high but not settled."""
    columns = {
        "settled": [True, True, True, False],
        "verdict": [minima.STRICT, minima.STRICT, minima.FLAT, minima.STRICT],
        "loss": [0.5, 0.0, 0.5, 0.5],
    }
    data = xr.Dataset(
        {name: (("seed", "teacher"), [[each] for each in row]) for name, row in columns.items()}
    )
    assert teachers.local(data).tolist() == [[True, False, False, False]]
    assert teachers.solved(data).tolist() == [[False, True, False, False]]
