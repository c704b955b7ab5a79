"""Initial weights of a recipe, its label, and the loss of a constant answer."""

import dataclasses

import numpy as np
import pytest

from experiments.vanishing_gradients.recipes import REMEDIES, SPREADS, Recipe, task
from nnjax import initialisers


@pytest.mark.parametrize("scheme", SPREADS)
def test_spreads_are_the_schemes_variances(scheme):
    arguments = Recipe(2, scheme=scheme, scale=3.0).arguments
    a, b, c = (arguments[name][0] for name in "abc")
    for n, m in ((64, 8), (8, 8), (8, 10)):
        expected = 9 * initialisers.weight_variance(scheme, n, m)
        np.testing.assert_allclose(1 / (a + b * n + c * m), expected, rtol=1e-6)


def test_what_learns_nothing_has_the_constant_answers_loss():
    digits = task("digits", 8)
    assert len(digits.train.xs) == 1300
    np.testing.assert_allclose(digits.constant, 0.89998, rtol=1e-4)


def test_every_field_of_a_recipe_shows_in_its_label():
    plain = Recipe(5)
    others = {
        "depth": 6,
        "activation": "tanh",
        "scheme": "normal",
        "scale": 2.0,
        "output": "sigmoid",
        "loss": "binary_cross_entropy",
        "optimizer": "adam",
        "biases": False,
        "rates": (0.1,),
    }
    assert list(others) == [field.name for field in dataclasses.fields(Recipe)]
    labels = [dataclasses.replace(plain, **{name: value}).label for name, value in others.items()]
    assert len({plain.label, *labels}) == 1 + len(others)
    assert plain.label == "5 layers, sigmoid, lecun_normal"
    assert labels[-2:] == [f"{plain.label}, biases False", f"{plain.label}, rates 0.1"]


def test_every_remedy_tries_equally_many_rates():
    assert len({len(recipe.rates) for recipe in REMEDIES.values()}) == 1
