"""Certificates on points whose kind is known, polishing, and barriers in closed form."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import minima

XS, YS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0.0], [1], [1], [0]])
KNOWN = {
    "bowl": (lambda p: p[0] ** 2 + 3 * p[1] ** 2, (0.0, 0.0), "strict minimum"),
    "far bowl": (lambda p: (p[0] - 1e3) ** 2 + 1e-3 * (p[1] - 5) ** 2, (1e3, 5.0), "strict minimum"),
    "tiny bowl": (lambda p: 1e-20 * (p[0] ** 2 + 3 * p[1] ** 2), (0.0, 0.0), "strict minimum"),
    "hyperbola": (lambda p: (p[0] * p[1] - 1) ** 2, (2.0, 0.5), "flat minimum"),
    "valley": (lambda p: p[0] ** 2 + 0 * p[1], (0.0, 7.0), "flat minimum"),
    "saddle": (lambda p: p[0] ** 2 - p[1] ** 2, (0.0, 0.0), "saddle"),
    "hill": (lambda p: -(p[0] ** 2) - p[1] ** 2, (0.0, 0.0), "saddle"),
    "exponential": (lambda p: jnp.exp(-p[0]) + p[1] ** 2, (20.0, 0.0), "plateau"),
    "power": (lambda p: 1 / p[0] + p[1] ** 2, (1e3, 0.0), "plateau"),
    "scaled power": (lambda p: 1e9 / p[0] + 1e9 * p[1] ** 2, (1e3, 0.0), "plateau"),
    "log": (lambda p: -jnp.log(jnp.log(p[0])) + p[1] ** 2, (1e3, 0.0), "plateau"),
    "constant": (lambda p: 0 * p[0] * p[1], (1.0, 1.0), "plateau"),
    "slope": (lambda p: p[0] ** 2 + p[1], (1.0, 1.0), "not converged"),
    "almost there": (lambda p: p[0] ** 2 + p[1] ** 2, (1e-3, 0.0), "not converged"),
    "outward bowl": (lambda p: (p[0] - 3) ** 2 + p[1] ** 2, (2.9997, 0.0), "not converged"),
    "flat outward bowl": (lambda p: 1e-4 * ((p[0] - 5) ** 2 + p[1] ** 2), (4.0, 0.0), "not converged"),
    "gentle slope": (lambda p: -1e-4 * p[0] + p[1] ** 2, (1.0, 0.0), "not converged"),
    "outward quartic": (lambda p: (p[0] - 5) ** 4 + p[1] ** 2, (4.0, 0.0), "not converged"),
    "Rosenbrock": (lambda p: 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2, (-1.2, 1.0), "not converged"),
    "not finite": (lambda p: jnp.log(p[0]) + p[1], (-1.0, 1.0), "not converged"),
}  # fmt: skip


def certify(loss, point):
    return jax.jit(functools.partial(minima.certify, loss))(point)


@pytest.mark.parametrize("name", KNOWN)
def test_certify_on_known_points(name):
    """Also with the loss in other units, which must change no verdict."""
    loss, point, expected = KNOWN[name]
    look = jax.jit(lambda p, factor: minima.certify(lambda q: factor * loss(q), p).verdict)
    for factor in (1.0, 1e-6, 1e6):
        assert minima.VERDICTS[look(jnp.array(point), factor)] == expected


def test_a_certificate_counts_directions():
    matrix = np.diag([-2.0, -1.0, 0.0, 3.0])
    certificate = certify(lambda p: 0.5 * p["a"] @ matrix @ p["a"], {"a": jnp.zeros(4)})
    assert (int(certificate.negative), int(certificate.zero), int(certificate.positive)) == (2, 1, 1)
    np.testing.assert_allclose(certificate.eigenvalues, [-2, -1, 0, 3], rtol=1e-12)


def test_the_hessian_of_the_manual_gradients_is_jaxs():
    network = nnjax.mlp((2, 3, 1), "tanh")
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)

    def loss(p):
        return nnjax.total_loss(network, p, XS, YS)

    def gradient(p):
        return nnjax.gradients(network, p, XS, YS)

    flat, back = jax.flatten_util.ravel_pytree(params)
    manual = jax.jit(lambda p: minima.hessian(loss, p, gradient))(params)
    automatic = jax.jit(jax.hessian(lambda v: loss(back(v))))(flat)
    np.testing.assert_allclose(manual, automatic, rtol=1e-9, atol=1e-13)


@functools.cache
def xor(seeds=range(32), epochs=10_000):
    network = nnjax.mlp((2, 2, 1))

    def end(key):
        params = nnjax.init(network, key, "normal", "normal", dtype=jnp.float64)
        params, history = nnjax.train(
            network, params, XS, YS, optimizer=optax.sgd(2.0), epochs=epochs, view="nodes"
        )
        return params, history.loss

    return network, nnjax.sweep(end, seeds)


@pytest.mark.parametrize("polished", [False, True])
def test_no_end_of_logistic_xor_is_a_strict_minimum(polished):
    """Hamey 1998: there is none, SSE 0 included."""
    network, (params, losses) = xor()

    def loss(p):
        return nnjax.total_loss(network, p, XS, YS)

    def look(p):
        return minima.certify(loss, minima.polish(loss, p).params if polished else p)

    certificates = jax.jit(jax.vmap(look))(params)
    assert np.any(losses < 0.01)
    assert np.any(np.abs(losses - 0.5) < 0.01)
    assert not np.any(np.isin(certificates.verdict, [minima.STRICT, minima.FLAT]))
    assert np.mean(certificates.verdict == minima.PLATEAU) > 0.9


def test_polish_on_a_quadratic():
    def loss(p):
        return (p[0] - 3) ** 2 + 100 * (p[0] + p[1]) ** 2

    polished = jax.jit(lambda p: minima.polish(loss, p))(jnp.array([2.0, -1.0]))
    np.testing.assert_allclose(polished.params, [3, -3], rtol=1e-9)
    assert bool(polished.accepted)
    np.testing.assert_allclose(polished.moved, np.sqrt(5), rtol=1e-9)


def test_polish_on_rosenbrock():
    def loss(p):
        return 100 * (p[1] - p[0] ** 2) ** 2 + (1 - p[0]) ** 2

    polished = minima.polish(loss, jnp.array([-1.2, 1.0]), steps=200)
    np.testing.assert_allclose(polished.params, [1, 1], rtol=1e-9)
    assert polished.gradient_norm < 1e-8


def test_polish_refuses_to_run_to_infinity():
    polished = minima.polish(lambda p: jnp.exp(-p[0]), jnp.array([1.0]))
    assert not bool(polished.accepted)
    np.testing.assert_array_equal(polished.params, [1.0])


def drawn(network, seed):
    return nnjax.init(network, nnjax.key(seed), "normal", "normal", dtype=jnp.float64)


def test_barrier_in_closed_form():
    network = nnjax.mlp((1, 1, 1), "identity", "identity", biases=False)

    def params(w):
        return tuple(nnjax.Layer(jnp.array([[w]]), jnp.zeros(1)) for _ in range(2))

    xs = np.array([[1.0], [2.0]])
    # ŷ = (1 - 2t)² x against y = x: L(t) = 5 (1 - (1 - 2t)²)², 0 at both ends and 5 in the middle.
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(-1.0), xs, xs, "sse"), 5.0, rtol=1e-12
    )
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(1.0), xs, xs, "sse"), 0.0, atol=1e-12
    )
    # Unequal ends are taken off as the straight line between them.
    t = np.linspace(0, 1, 51)
    losses = 5 * (1 - ((1 - t) - 0.5 * t) ** 2) ** 2
    expected = np.max(losses - ((1 - t) * losses[0] + t * losses[-1]))
    np.testing.assert_allclose(
        minima.barrier(network, params(1.0), params(-0.5), xs, xs, "sse"), expected, rtol=1e-12
    )


def test_barrier_in_the_loss_of_the_training():
    """From A to -A, the same function of tanh nodes: half-way the logits are 0, so the loss is 7 ln 3."""
    network, rng = nnjax.mlp((2, 3, 3), "tanh", "identity", biases=False), np.random.default_rng(0)
    a, xs = nnjax.init(network, nnjax.key(0), "normal", dtype=jnp.float64), rng.normal(size=(7, 2))
    logits = np.stack([nnjax.predict(network, a, x) for x in xs])
    ys = np.eye(3)[np.argmax(logits, axis=1)]
    at_ends = np.sum(np.log(np.sum(np.exp(logits), axis=1)) - np.max(logits, axis=1))
    b = jax.tree.map(jnp.negative, a)
    height = minima.barrier(network, a, b, xs, ys, "softmax_cross_entropy")
    np.testing.assert_allclose(height, 7 * np.log(3) - at_ends, rtol=1e-12)


@pytest.mark.parametrize("wrap", [lambda call: call, jax.jit])
def test_barrier_takes_no_loss_for_granted_where_outputs_may_be_logits(wrap):
    network = nnjax.mlp((2, 3, 1), "tanh", "identity")
    params = drawn(network, 0)
    with pytest.raises(ValueError, match=r"loss must be named .* trained with, of sse, binary_cross_entropy"):
        wrap(lambda p: minima.barrier(network, p, p, XS, YS))(params)
    with pytest.raises(ValueError, match="unknown loss 'mse'"):
        wrap(lambda p: minima.barrier(network, p, p, XS, YS, "mse"))(params)
    squashed = nnjax.mlp((2, 3, 1))
    one, other = (drawn(squashed, seed) for seed in (0, 1))
    np.testing.assert_array_equal(
        *(minima.barrier(squashed, one, other, XS, YS, *given) for given in ((), ("sse",)))
    )


def test_barrier_refuses_other_networks(without_shape_checks):
    network, other = nnjax.mlp((2, 4, 1), "tanh"), nnjax.mlp((2, 4, 3))
    params = drawn(network, 0)
    with pytest.raises(ValueError, match="expected"):
        minima.barrier(network, params, drawn(other, 0), XS, YS)
    with pytest.raises(ValueError, match="expected"):
        minima.barrier(network, drawn(other, 0), params, XS, YS)
    with pytest.raises(TypeError, match="points must be an integer"):
        minima.barrier(network, params, params, XS, YS, points=5.0)
    with pytest.raises(ValueError, match="points must be 3 or more"):
        minima.barrier(network, params, params, XS, YS, points=1)


def test_group():
    rows = np.array([[2.0, 0], [1, 5], [np.nan, 0], [1 + 1e-9, 5], [1, 6]])
    assert minima.group(rows, [1e-6, 1e-6]).tolist() == [2, 0, -1, 0, 1]


def test_filter_normalised_has_each_nodes_length():
    network = nnjax.mlp((2, 4, 5, 3, 2), "tanh", "sigmoid")
    params = drawn(network, 0)
    for mine, other in zip(minima.filter_normalised(nnjax.key(1), params), params, strict=True):
        lengths = np.linalg.norm(mine.weights, axis=0)
        np.testing.assert_allclose(lengths, np.linalg.norm(other.weights, axis=0), rtol=1e-12)
        assert not np.any(mine.biases)


def test_a_direction_needs_a_key(without_shape_checks):
    params = drawn(nnjax.mlp((2, 1)), 0)
    for key in (3, jax.random.PRNGKey(3), jax.random.split(nnjax.key(3))):
        with pytest.raises(TypeError, match="key must be one JAX random key"):
            minima.filter_normalised(key, params)


def test_plane_is_the_loss_at_each_point():
    def loss(p):
        return p["w"][0] ** 2 + 3 * p["w"][1]

    vectors = [{"w": jnp.array(v)} for v in ([1.0, 2.0], [1.0, 0.0], [0.0, 2.0])]
    losses = minima.plane(loss, *vectors, [0.0, 1.0, 2.0], [0.0, -1.0])
    np.testing.assert_allclose(losses, [[7, 10, 15], [1, 4, 9]], rtol=1e-12)


@pytest.mark.parametrize("chosen", list(itertools.combinations(range(3), 2)))
def test_baldi_and_hornik(chosen):
    """Linear 4-2-3: at U_I, loss tr Syy - Σ λ_I; downhill directions: pairs i in I, j not, λⱼ > λᵢ."""
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
