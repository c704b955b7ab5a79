"""Certify points whose kind is known; scaling, moving or turning a point does not change its kind."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from known_points import HIDDEN, KNOWN, MOVES, groups, verdicts

import nnjax
from nnjax import minima

XS, YS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
FEW = (
    "Rosenbrock at its minimum",
    "absolute value",
    "circle",
    "quartic hill",
    "Peano",
    "saddle at infinity",
    "exponential",
    "far away",
    "corner",
    "saturated",
    "quartic bowl",
    "diamond",
)
"""One or two points for each verdict; the other points are slow only because each needs its own program."""


def tables():
    """Yield pairs (dtype, group of names); all but the groups from `FEW` in float64 are marked slow."""
    others = [name for name in KNOWN if name not in FEW]
    yield from (("float64", names) for names in groups(FEW))
    for dtype, slow in (("float64", others), ("float32", KNOWN)):
        yield from (pytest.param(dtype, names, marks=pytest.mark.slow) for names in groups(slow))


@pytest.mark.parametrize("dtype, names", list(tables()), ids=str)
def test_known_points(dtype, names):
    """The verdict is right; a point that is moved, scaled or turned gets the same one or "not converged"."""
    for name, found in zip(names, verdicts(names, dtype), strict=True):
        expected = KNOWN[name][2]
        assert found["as it is"] == expected, name
        assert set(found.values()) <= {expected, "not converged"}, name
        assert sum(verdict == expected for verdict in found.values()) >= len(MOVES) - 2, name


SINGLE = ("slope", "far away", "circle", "Beale")
"""Points on which float32 alone is wrong if squares overflow, or if rounding errors count as slopes."""


def tables_in_float32_alone():
    """Yield groups of names; all but the groups from `SINGLE` are marked slow."""
    yield from groups(SINGLE)
    others = groups([name for name in KNOWN if name not in SINGLE])
    yield from (pytest.param(names, marks=pytest.mark.slow) for names in others)


@pytest.mark.parametrize("names", list(tables_in_float32_alone()), ids=str)
def test_known_points_without_float64(names):
    """A verdict is right or "not converged", and right where the eigenvalues are far from 0 or exactly 0."""
    with jax.enable_x64(False):
        found = verdicts(names, "float32")
    for name, by_move in zip(names, found, strict=True):
        expected = KNOWN[name][2]
        assert set(by_move.values()) <= {expected, "not converged"}, name
        if name not in HIDDEN:
            assert sum(verdict == expected for verdict in by_move.values()) >= len(MOVES) - 2, name


def test_the_table_is_large_enough():
    assert len(KNOWN) >= 40
    for names in (KNOWN, FEW):
        assert {KNOWN[name][2] for name in names} == set(minima.VERDICTS)


def certify(loss, point):
    return jax.jit(functools.partial(minima.certify, loss))(point)


def test_a_certificate_counts_directions():
    matrix = np.diag([-2.0, -1.0, 0.0, 3.0])
    certificate = certify(lambda p: 0.5 * p["a"] @ matrix @ p["a"], {"a": jnp.zeros(4)})
    assert (int(certificate.negative), int(certificate.zero), int(certificate.positive)) == (2, 1, 1)
    np.testing.assert_allclose(certificate.eigenvalues, [-2, -1, 0, 3], rtol=1e-12)


@pytest.mark.parametrize("point", [[0, 0], np.zeros(2, int), (0.0, False), [0, np.float32(0)]], ids=str)
def test_integers_and_lists_are_points_too(point):
    certificate = minima.certify(lambda params: params[0] ** 2 + 3 * params[1] ** 2, point)
    assert minima.VERDICTS[certificate.verdict] == "strict minimum"


@pytest.mark.parametrize(
    "loss, params, error, message",
    [
        (jnp.sum, np.zeros(2, complex), TypeError, "params must be real numbers, got complex128"),
        (jnp.sum, ["a"], TypeError, "params must be an array of numbers"),
        (jnp.sum, {}, ValueError, "params must hold at least one array"),
        ("sse", np.zeros(2), TypeError, "loss must be a function of params, got str"),
    ],
)
def test_what_is_no_point_is_refused(loss, params, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        minima.certify(loss, params)


def test_biases_that_the_loss_does_not_read_play_no_part():
    """For linear regression without biases the Hessian is 2XᵀX, and the minimum is strict."""
    xs = np.array([[1.0, 0], [0, 1], [1, 1]])
    ys = xs @ np.array([[2.0], [-1.0]])
    params = (nnjax.Layer(jnp.array([[2.0], [-1.0]]), jnp.zeros(1)),)
    network = nnjax.mlp((2, 1), output="identity", biases=False)
    certificate = certify(lambda p: nnjax.total_loss(network, p, xs, ys), params)
    np.testing.assert_allclose(certificate.eigenvalues, np.linalg.eigvalsh(2 * xs.T @ xs), rtol=1e-12)
    assert minima.VERDICTS[certificate.verdict] == "strict minimum"


@pytest.mark.slow
def test_a_network_trained_in_float32_is_certified_as_in_float64():
    network = nnjax.mlp((2, 3, 1), "tanh", "identity")

    def end(dtype, key):
        params = nnjax.init(network, key, dtype=dtype)
        params, _ = nnjax.train(network, params, XS, YS, optimizer=optax.sgd(0.1), epochs=5000)
        return minima.certify(lambda p: nnjax.total_loss(network, p, XS, YS), params).verdict

    for dtype in (jnp.float32, jnp.float64):
        found = nnjax.sweep(functools.partial(end, dtype), range(16))
        assert [minima.VERDICTS[verdict] for verdict in found] == ["flat minimum"] * 16


def test_without_float64_a_flat_minimum_is_not_certified():
    with jax.enable_x64(False):
        losses = (
            lambda p: p[0] ** 2 + 3 * p[1] ** 2,
            lambda p: (p[0] + p[1]) ** 2,
            lambda p: p[0] ** 2 - p[1] ** 2,
        )
        names = [minima.VERDICTS[certify(loss, np.zeros(2, np.float32)).verdict] for loss in losses]
    assert names == ["strict minimum", "not converged", "saddle"]


@pytest.mark.parametrize("chosen", list(itertools.combinations(range(3), 2)))
def test_baldi_and_hornik(chosen):
    """In a linear 4-2-3 network at U_I, the loss is tr Syy minus the sum of the λᵢ with i in I.

    For every i in I and j outside I with λⱼ > λᵢ there is a downhill direction.
    """
    rng = np.random.default_rng(0)
    xs, mix = rng.normal(size=(30, 4)), rng.normal(size=(4, 3))
    ys = xs @ mix + 0.1 * rng.normal(size=(30, 3))
    fit = np.linalg.lstsq(xs, ys, rcond=None)[0]
    values, vectors = np.linalg.eigh(fit.T @ xs.T @ xs @ fit)
    values, u = values[::-1], vectors[:, ::-1][:, list(chosen)]
    network = nnjax.mlp((4, 2, 3), "identity", "identity", biases=False)
    params = (nnjax.Layer(jnp.asarray(fit @ u), jnp.zeros(2)), nnjax.Layer(jnp.asarray(u.T), jnp.zeros(3)))

    def loss(weights):
        layers = tuple(nnjax.Layer(w, b.biases) for w, b in zip(weights, params, strict=True))
        return nnjax.total_loss(network, layers, xs, ys)

    certificate = certify(loss, [layer.weights for layer in params])
    expected = np.trace(ys.T @ ys) - values[list(chosen)].sum()
    np.testing.assert_allclose(certificate.loss, expected, rtol=1e-9)
    left = [j for j in range(3) if j not in chosen]
    assert int(certificate.negative) == sum(values[j] > values[i] for i in chosen for j in left)
    assert minima.VERDICTS[certificate.verdict] == ("flat minimum" if chosen == (0, 1) else "saddle")
