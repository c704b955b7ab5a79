"""Seeds and settings are paired in order, and those that do not fit are refused by name."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.sweeps import inputs


def draw(key):
    return jax.random.normal(key)


def number_again(key, number):
    return number


def test_all_settings_of_a_seed_stand_side_by_side():
    rows = inputs.read([7, 3], {"rate": np.float32([0.1, 0.2, 0.3]), "count": [1, 2, 3]})
    assert rows.columns["seed"].tolist() == [7, 7, 7, 3, 3, 3]
    assert rows.columns["count"].tolist() == [1, 2, 3, 1, 2, 3]
    assert (rows.count, rows.shape, rows.settings) == (6, (2, 3), ("rate", "count"))
    assert rows.dtypes == (np.uint32, np.float32, np.int64)
    assert [column.tolist() for column in rows.take(np.array([4, 0]))][::2] == [[3, 7], [2, 1]]
    assert rows.reshape(np.arange(12).reshape(6, 2))[1, 0].tolist() == [6, 7]


def test_without_settings_the_seeds_are_the_rows():
    rows = inputs.read([7, 3, 7], None)
    assert (rows.count, rows.shape, rows.settings) == (3, (3,), ())
    assert [(value.shape, value.dtype) for value in rows.abstract(5)] == [((5,), np.uint32)]


def test_keys_are_those_of_nnjax():
    for seed in (0, 7, 2**32 - 1):
        one, other = inputs.key(jnp.uint32(seed)), nnjax.key(seed)
        assert jax.random.key_data(one).tolist() == jax.random.key_data(other).tolist()


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: nnjax.sweep(draw, []), ValueError, r"seeds must be a list of at least one integer"),
        (lambda: nnjax.sweep(draw, 5), ValueError, r"at least one integer, got shape \(\)"),
        (lambda: nnjax.sweep(draw, [0.5]), TypeError, "seeds must be integers, got 0.5"),
        (lambda: nnjax.sweep(draw, [1.0, np.inf]), TypeError, "seeds must be integers, got inf"),
        (lambda: nnjax.sweep(draw, [np.nan]), TypeError, "seeds must be integers, got nan"),
        (lambda: nnjax.sweep(draw, [1e300]), ValueError, r"seeds must be in .*, got 1e\+300 to 1e\+300"),
        (lambda: nnjax.sweep(draw, [True]), TypeError, "seeds must be integers, got bool"),
        (lambda: nnjax.sweep(draw, [-1, 3]), ValueError, r"seeds must be in 0..2\*\*32-1, got -1 to 3"),
        (lambda: nnjax.sweep(draw, [2**32]), ValueError, "seeds must be in"),
        (lambda: nnjax.sweep(draw, [[1], [2, 3]]), ValueError, "seeds must be one list of integers"),
        (lambda: nnjax.sweep(draw, [1], {}), ValueError, "settings must be lists of one common length"),
        (lambda: nnjax.sweep(draw, [1], {"rate": 0.1}), ValueError, r"got shapes \{'rate': \(\)\}"),
        (lambda: nnjax.sweep(draw, [1], {"a": [1], "b": [1, 2]}), ValueError, "one common length"),
        (lambda: nnjax.sweep(draw, [1], {"rate": ["a"]}), TypeError, "setting 'rate' must be an array"),
        (lambda: nnjax.sweep(draw, [1], {"rate": [2**70]}), TypeError, "setting 'rate' must be an array"),
        (lambda: nnjax.sweep(draw, [1], [1.0]), TypeError, "settings must be a mapping of names to lists"),
    ],
)  # fmt: skip
def test_bad_inputs(call, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("name", ["seed", "key"])
def test_settings_do_not_replace_the_seeds(name):
    with pytest.raises(ValueError, match="settings must not be called 'seed' or 'key'"):
        nnjax.sweep(lambda key, **setting: 1.0, [0], {name: [7, 8]})


@pytest.mark.parametrize(
    "values, dtype",
    [
        ([3, 2**40], "int32"),
        (np.array([3, 2**40], np.uint64), "uint32"),
        ([3.0, 1e300], "float32"),
        ([3.0, 1e-300], "float32"),
    ],
)
def test_settings_out_of_their_dtypes_range_are_refused(values, dtype):
    assert nnjax.sweep(number_again, [0], {"number": values})[0, 1] == values[1]
    with (
        jax.enable_x64(False),
        pytest.raises(ValueError, match=f"setting 'number' holds .* {dtype} cannot hold"),
    ):
        nnjax.sweep(number_again, [0], {"number": values})
