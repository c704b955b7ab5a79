"""Points of Safran and Shamir's objective that can be computed without seeds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import spurious_minima
from experiments.runner.context import Context
from experiments.spurious_minima import Config, objective

hessian, value_and_gradient = map(jax.jit, (objective.hessian, objective.value_and_gradient))
SEED_FREE = (-0.6327039049, 0.2616910758, 0.1859910463, 0.9969227988, -0.0350801559)
"""The numbers a, f, e, c, d: the columns of [[a, f, …], [e, c, d, …], [e, d, c, …], …] are the neurons."""


def member(k, values=SEED_FREE):
    a, f, e, c, d = values
    rest = np.full((k - 1, k - 1), d) + (c - d) * np.eye(k - 1)
    return jnp.asarray(np.block([[a, np.full((1, k - 1), f)], [np.full((k - 1, 1), e), rest]]).T)


@pytest.fixture(scope="package")
def two_cells():
    """The data of two small cells."""
    return spurious_minima.run(Config(seeds=20, k=(6, 9), n=(7, 9)), Context())


@pytest.fixture(scope="package")
def family():
    """Return a function that maps k to the family's W (k, k).

    W is close to a minimum, and closest at k = 7.
    """
    return member


@pytest.fixture(scope="package")
def minima_of_the_family():
    """{k: F}, found once by descent within the family."""
    return {6: 0.0250805810, 7: 0.0232027149, 8: 0.0215080372, 10: 0.0187021946}


@pytest.fixture(scope="package")
def symmetric_saddle():
    """Return W, F and the only downhill direction at a saddle for k = n = 3, found by Newton's method.

    All diagonal entries of W are equal, and so are all the other entries.
    """
    weights = np.full((3, 3), 0.659453) - 0.977633 * np.eye(3)
    for _ in range(5):
        step = np.linalg.solve(hessian(weights), np.ravel(value_and_gradient(weights)[1]))
        weights = weights - step.reshape(3, 3)
    value, gradient = value_and_gradient(weights)
    values, vectors = np.linalg.eigh(hessian(weights))
    assert objective.gradient_norm(gradient) < 1e-13
    assert (values < 0).sum() == 1
    return weights, float(value), vectors[:, 0].reshape(3, 3)
