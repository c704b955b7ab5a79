"""The edge of stability, 2 / (largest Hessian eigenvalue), at minima that are known exactly."""

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import nnjax
from experiments.learning_rate.edges import at_teacher
from experiments.learning_rate.edges import edges as measured_edges


def assert_back_below_the_edge_and_nowhere_above(edges):
    for name in edges["minimum"].values:
        below = edges["relative_rate"].values < 1
        np.testing.assert_array_equal(edges["back"].sel(minimum=name).values, below, err_msg=name)


def test_descent_comes_back_below_the_edge_and_nowhere_above(edges):
    assert_back_below_the_edge_and_nowhere_above(edges)


@pytest.mark.slow
def test_so_it_does_at_all_rates():
    edges = measured_edges()
    assert edges.sizes["relative_rate"] == 30
    assert_back_below_the_edge_and_nowhere_above(edges)


def test_the_steepest_curvature_at_the_handouts_minimum_against_differences():
    """The curvature is the largest eigenvalue of the Hessian, from central differences of the gradient."""
    network = nnjax.mlp((3, 4, 1))
    teacher = nnjax.datasets.teacher(network, nnjax.key(1), 80, np.float64)
    known = at_teacher(network, teacher.params, teacher.xs)
    flat, shape = ravel_pytree(teacher.params)

    @jax.jit
    @jax.vmap
    def gradient(values):
        return ravel_pytree(nnjax.gradients(network, shape(values), teacher.xs, teacher.ys))[0]

    steps = 1e-5 * np.eye(len(flat))
    hessian = (gradient(flat[None] + steps) - gradient(flat[None] - steps)) / 2e-5
    np.testing.assert_allclose(known.steepest, np.linalg.eigvalsh(hessian)[-1], rtol=1e-6)
