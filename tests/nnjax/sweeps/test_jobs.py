"""The same function, looked at here and by a worker, is the same job; and JAX's settings travel."""

import jax
import numpy as np
import pytest

from nnjax.sweeps import inputs, jobs

pytestmark = pytest.mark.cpu


def scaled(key, scale):
    return scale * jax.random.normal(key)


def job(lane=None):
    rows = inputs.read([3, 5], {"scale": [2.0, 3.0]})
    return jobs.prepare(jobs.Function(scaled, rows.settings), rows, lane)


def test_pieces_are_the_rows_asked_for():
    (rows, leaves), (rest, _) = jobs.compute(job(lane=1), np.array([3, 0, 2]))
    assert rows.tolist() + rest.tolist() == [3, 0, 2]
    assert len(leaves[0]) == len(rows)


def test_what_the_bits_depend_on_does_not_depend_on_the_rows():
    one = jobs.identity(job(lane=4))
    other = job(lane=4)
    assert jobs.identity(other._replace(rows=inputs.read([7], {"scale": [1.0]}))) == one
    assert jobs.identity(job(lane=8)) != one


def test_every_setting_can_be_read_and_set_for_a_while():
    assert "jax_enable_x64" in jobs.settings_of_jax()
    for name, context in jobs.settings_of_jax().items():
        with context(getattr(jax.config, name)):
            pass
