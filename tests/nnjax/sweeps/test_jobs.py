"""A function is the same job whether this process or a worker inspects it; it travels with JAX's settings."""

import jax
import numpy as np
import pytest

from nnjax.sweeps import devices, inputs, jobs

pytestmark = pytest.mark.cpu


VALUES = {
    "jax_default_matmul_precision": {"highest", "float32"},
    "jax_default_prng_impl": {"rbg", "threefry2x32"},
    "jax_numpy_dtype_promotion": {"strict", "standard"},
    "jax_numpy_rank_promotion": {"raise", "allow"},
}


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
    assert list(jobs.settings_of_jax()) == [f"jax_{name}" for name in devices.SETTINGS]
    for name, context in jobs.settings_of_jax().items():
        before = getattr(jax.config, name)
        other = min(VALUES.get(name, {True, False}) - {getattr(before, "value", before)})
        with context(other):
            got = getattr(jax.config, name)
        assert getattr(got, "value", got) == other
        assert getattr(jax.config, name) == before
