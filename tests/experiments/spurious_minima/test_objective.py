"""Check Safran and Shamir's objective against its formula and known points."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.spurious_minima import objective

hessian, value_and_gradient = map(jax.jit, (objective.hessian, objective.value_and_gradient))


def by_the_formula(weights):
    """Compute F as printed, pair by pair, with NumPy's arccos."""

    def f(w, v):
        lengths = np.linalg.norm(w) * np.linalg.norm(v)
        cosine = np.clip(w @ v / lengths, -1, 1)
        t = 0.0 if w is v else np.arccos(cosine)
        return lengths * (np.sin(t) + (np.pi - t) * np.cos(t)) / (2 * np.pi)

    targets = list(np.eye(weights.shape[1]))
    neurons = list(np.asarray(weights))
    own = sum(f(a, b) for a in neurons for b in neurons)
    mixed = sum(f(a, b) for a in neurons for b in targets)
    return own / 2 - mixed + sum(f(a, b) for a in targets for b in targets) / 2


def test_the_angle_is_arccos():
    cosine = np.concatenate([np.linspace(-1, 1, 4001), [-0.5, 0.5, 1 - 1e-12, 1e-300]])
    np.testing.assert_allclose(objective.angle(cosine), np.arccos(cosine), rtol=1e-14)
    slope = jax.vmap(jax.grad(objective.angle))(jnp.linspace(-0.9, 0.9, 50))
    np.testing.assert_allclose(slope, -1 / np.sqrt(1 - np.linspace(-0.9, 0.9, 50) ** 2), rtol=1e-12)


@pytest.mark.parametrize("n, k", [(2, 2), (4, 3), (7, 7)])
def test_value_and_gradient_are_those_of_the_formula(n, k):
    weights = np.random.default_rng(n).normal(size=(n, k))
    value, gradient = value_and_gradient(jnp.asarray(weights))
    np.testing.assert_allclose(value, by_the_formula(weights), rtol=1e-12)
    for i in range(n):
        for j in range(k):
            step = np.zeros((n, k))
            step[i, j] = 1e-5
            slope = (by_the_formula(weights + step) - by_the_formula(weights - step)) / 2e-5
            np.testing.assert_allclose(gradient[i, j], slope, rtol=1e-6)


def test_the_hessian_is_the_gradients_derivative():
    weights = np.random.default_rng(3).normal(size=(3, 3))
    found = hessian(jnp.asarray(weights))
    for column in range(9):
        step = np.zeros(9)
        step[column] = 1e-6
        ends = [value_and_gradient(jnp.asarray(weights + s * step.reshape(3, 3)))[1] for s in (1, -1)]
        np.testing.assert_allclose(found[:, column], np.ravel(ends[0] - ends[1]) / 2e-6, rtol=2e-6)


def test_the_targets_are_the_global_minimum():
    value, gradient = value_and_gradient(jnp.eye(5) + 1e-12)
    assert abs(value) < 1e-12
    assert np.max(np.abs(gradient)) < 1e-6


def test_the_seed_free_minimum(family, minima_of_the_family):
    weights = family(7)
    value, gradient = value_and_gradient(weights)
    assert abs(float(value) - minima_of_the_family[7]) < 1e-9
    assert objective.gradient_norm(gradient) < 1e-8
    assert abs(np.linalg.eigvalsh(hessian(weights))[0] - 0.014059) < 1e-5


@pytest.mark.parametrize("k", [6, 7, 8, 10])
def test_the_same_family_at_other_sizes(k, family, minima_of_the_family):
    """Descent preserves the family's symmetry, so no seeds are needed."""

    def step(_, weights):
        return weights - 0.1 * value_and_gradient(weights)[1]

    end = jax.jit(lambda start: jax.lax.fori_loop(0, 20_000, step, start))(family(k))
    assert abs(float(value_and_gradient(end)[0]) - minima_of_the_family[k]) < 1e-9
