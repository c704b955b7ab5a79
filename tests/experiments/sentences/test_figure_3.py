"""Figure 3: copies compute the same function, the plane contains its corners, and the minimum is real."""

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import nnjax
from experiments.sentences import figure_3


def said(vector, xs):
    return np.asarray(nnjax.predict_batch(figure_3.NETWORK, figure_3.shaped(vector), xs))


def test_the_nearest_copy_computes_the_same_and_is_nearest():
    rng = np.random.default_rng(0)
    way, xs = rng.normal(size=(4, 9)), rng.normal(size=(5, 2))
    swapped = way[-1][[1, 0, 3, 2, 5, 4, 7, 6, 8]] * [-1, 1, -1, 1, -1, 1, -1, 1, 1]
    found = figure_3.nearest_copy(way, swapped + 0.01)
    np.testing.assert_allclose(found[-1], swapped, rtol=1e-12)
    for before, after in zip(way, found, strict=True):
        np.testing.assert_allclose(said(after, xs), said(before, xs), rtol=1e-12)


def test_the_plane_holds_its_corners():
    corners = np.random.default_rng(1).normal(size=(3, 9))
    centre, basis, steps = figure_3.plane(corners)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), rtol=1e-12, atol=1e-12)
    places = (corners - centre) @ basis.T
    np.testing.assert_allclose(centre + places @ basis, corners, rtol=1e-9)
    assert np.abs(places).max() < steps.max()


def test_the_teacher_is_a_strict_minimum_and_a_point_beside_it_is_none():
    teacher = figure_3.task()
    rows = (teacher.xs, teacher.ys)
    look = jax.jit(lambda vector: figure_3.looked_at(figure_3.shaped(vector), rows))
    flat = ravel_pytree(teacher.params)[0]
    loss, steepness, curvature = look(flat)
    np.testing.assert_allclose([loss, steepness], 0, atol=1e-12)
    assert np.linalg.eigvalsh(curvature)[0] > 0.01
    assert look(flat + 0.1)[1] > 0.1


@pytest.mark.slow
def test_both_paths_end_in_their_minima():
    found = figure_3.landscape(14_000)
    np.testing.assert_allclose(found["end_loss"], [1.51424728, 0], rtol=1e-7, atol=1e-20)
    assert found["gradient_norm"].max() < 1e-9
    assert found["eigenvalue"].min() > 0.01
    falls = found["between"].values
    np.testing.assert_allclose(falls[[0, -1]], found["end_loss"], rtol=1e-7, atol=1e-20)
    assert falls.max() > 5
