"""Results are named before they are computed; the names for their own axes must fit."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nnjax import labelled


def results(key, scale):
    return {"loss": jnp.ones((3, 2)) * scale, "key": key, "both": (scale, jnp.arange(4))}


def test_results_have_names_and_axes_before_they_are_computed():
    """A random key is stored as its two numbers."""
    ranks = labelled.ranks(results, {"scale": [1.0, 2.0]})
    assert ranks == {"loss": 2, "key": 1, "both_0": 0, "both_1": 1}


@pytest.mark.parametrize("dims", [{}, {"loss": ("row", "column"), "both_0": ()}, {"key": ("word",)}])
def test_names_that_fit(dims):
    labelled.check_dims(labelled.ranks(results, {"scale": [1.0]}), ("seed", "scale"), dims)


@pytest.mark.parametrize(
    "dims, message",
    [
        ({"lost": ("row",)}, "dims name lost; the results are loss, key"),
        ({"loss": ("row",)}, r"dims 'loss' must be 2 names, one per axis; got \('row',\)"),
        ({"both_1": "node"}, "dims 'both_1' must be 1 names, one per axis; got 'node'"),
        ({"loss": ("row", "row")}, "dims 'loss' gives the name row to two axes"),
        ({"loss": ("seed", "row")}, "dims 'loss' gives the name seed to two axes"),
    ],
)
def test_names_that_do_not_fit(dims, message):
    with pytest.raises(ValueError, match=message):
        labelled.check_dims({"loss": 2, "key": 1, "both_0": 0, "both_1": 1}, ("seed", "scale"), dims)


def test_combinations_are_joined_in_the_order_of_the_choices():
    trees = [{"loss": np.full((2, 5), choice)} for choice in range(3)]
    made = labelled.variables(trees, {"weights": "abc"}, {"seed": 2}, {"loss": ("row",)}, {"loss": "m"})
    dimensions, values, attributes = made["loss"]
    assert (dimensions, attributes) == (("weights", "seed", "row"), {"units": "m"})
    np.testing.assert_array_equal(values[:, 0, 0], [0, 1, 2])


def test_keys_are_joined_as_numbers():
    made = labelled.variables([{"key": jax.random.split(jax.random.key(0), 3)}], {}, {"seed": 3}, {}, {})
    assert made["key"][1].shape == (3, 2)
