"""Check the manual backward pass against jax.grad, finite differences, and identities without derivatives."""

import functools

import chex
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import (
    CASES,
    Case,
    assert_close_in_each_layer,
    assert_gradients_of,
    assert_same_gradients,
    every_case,
    gradients,
    jitted,
    output_for,
    truth,
    used_activations,
)
from hypothesis import given, settings
from jax.test_util import check_grads
from sklearn.linear_model import LogisticRegression

import nnjax


@every_case
def test_gradients_equal_jax_grad(case):
    assert_gradients_of(gradients, case)


def test_the_cases_cover_both_tables():
    assert set.union(*map(used_activations, CASES.values())) == set(nnjax.ACTIVATIONS)
    assert {case.loss for case in CASES.values()} == set(nnjax.LOSSES)


@st.composite
def architectures(draw):
    sizes = tuple(draw(st.lists(st.integers(1, 9), min_size=2, max_size=6)))
    names = st.sampled_from(sorted(nnjax.ACTIVATIONS))
    layers = [
        draw(st.one_of(names, st.tuples(*[names] * width)))  # one name, or one per node
        for width in sizes[1:]
    ]
    losses = [
        name for name in sorted(nnjax.LOSSES) if sizes[-1] > 1 or not nnjax.LOSSES[name].several_outputs
    ]
    loss = draw(st.sampled_from(losses))
    layers[-1] = output_for(loss, layers[-1])
    return Case(sizes, tuple(layers), loss, draw(st.integers(1, 8)), draw(st.booleans()))


def _check_random(case, seed):
    assert_gradients_of(gradients, case, seed)
    params, xs, ys = case.draw(seed)
    few = case.network, params, xs[:2], ys[:2], case.loss
    matrix, *others = (jitted(v.gradients)(*few) for v in (nnjax, nnjax.columnwise, nnjax.nodewise))
    for other in others:
        assert_same_gradients(other, matrix)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(case=architectures(), seed=st.integers(0, 2**32 - 1))
def test_random_architectures(case, seed):
    _check_random(case, seed)


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(case=architectures(), seed=st.integers(0, 2**32 - 1))
def test_many_random_architectures(case, seed):
    _check_random(case, seed)


@every_case
def test_float32(case):
    # The tolerance, 2e-5, is the rounding error, 6e-8, times a few hundred operations.
    params, xs, ys = case.draw(dtype=jnp.float32)
    got = gradients(case.network, params, xs, ys, case.loss)
    chex.assert_trees_all_equal_dtypes(got, params)
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), (params, xs, ys))
    assert_close_in_each_layer(got, truth(case, *wide), rtol=2e-5)


class Variants(chex.TestCase):
    @chex.variants(with_jit=True, without_jit=True)
    def test_over_seeds(self):
        case = CASES["per node"]
        draws = [case.draw(seed) for seed in range(3)]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *draws)
        gradients = self.variant(jax.vmap(lambda p, x, y: nnjax.gradients(case.network, p, x, y)))(*stacked)
        for seed, draw in enumerate(draws):
            of_seed = jax.tree.map(lambda leaf, seed=seed: leaf[seed], gradients)
            assert_same_gradients(of_seed, truth(case, *draw))


@pytest.mark.parametrize("name", ["sigmoid", "per node", "softmax", "binary"])
def test_finite_differences_as_second_oracle(name):
    case = CASES[name]
    params, xs, ys = case.draw()

    @jax.custom_vjp
    def loss(params):
        return nnjax.total_loss(case.network, params, xs, ys, case.loss)

    loss.defvjp(
        lambda p: (loss(p), p),
        lambda p, g: (jax.tree.map(lambda d: g * d, nnjax.gradients(case.network, p, xs, ys, case.loss)),),
    )
    check_grads(jax.jit(loss), (params,), order=1, modes=["rev"], rtol=1e-6, atol=1e-9)


def test_saturated_sigmoid_against_closed_form():
    """At z = 30, 1 - a = e⁻³⁰/(1 + e⁻³⁰); jax.grad uses a(1 - a) itself, so it cannot be the reference."""
    network = nnjax.mlp((1, 1), output="sigmoid")
    for z in (-30.0, -12.0, 12.0):
        params = (nnjax.Layer(jnp.array([[z]]), jnp.zeros(1)),)
        got = nnjax.gradients(network, params, jnp.ones((1, 1)), jnp.full((1, 1), 0.5))
        t = np.exp(-abs(z))
        error = np.sign(z) * -0.5 * (1 - t) / (1 + t)  # y - ŷ
        expected = -2 * error * t / (1 + t) ** 2
        # For positive z, the value of 1 - a is accurate only to 1e-16 / e^-|z|.
        rtol = 1e-13 if z < 0 else 3e-16 * np.exp(z)
        np.testing.assert_allclose(got[0].weights[0, 0], expected, rtol=rtol, atol=0)


def test_one_compilation_per_shape():
    case = CASES["sigmoid"]
    traced = jax.jit(chex.assert_max_traces(nnjax.gradients, n=1), static_argnums=(0,))
    for seed in range(3):
        traced(case.network, *case.draw(seed))
    params, xs, ys = case.draw()
    with pytest.raises(AssertionError):
        traced(case.network, params, xs[:2], ys[:2])


def _add(*grads):
    return jax.tree.map(lambda *leaves: sum(leaves[1:], start=leaves[0]), *grads)


@every_case
def test_examples_sum_to_the_batch(case):
    params, xs, ys = case.draw()
    rows = [slice(n, n + 1) for n in range(case.rows)]
    by_example = [gradients(case.network, params, xs[n], ys[n], case.loss) for n in rows]
    assert_same_gradients(_add(*by_example), gradients(case.network, params, xs, ys, case.loss))


@every_case
def test_batch_gradient_is_minus_the_sum_of_the_weight_changes(case):
    params, xs, ys = case.draw()

    @jax.jit
    def changes(params, x, y):
        trace = nnjax.forward(case.network, params, x)
        delta = nnjax.deltas(case.network, params, trace, y, case.loss)
        return [nnjax.weight_change(1.0, d, a) for d, a in zip(delta, trace.activations[:-1], strict=True)]

    total = [np.sum(each, axis=0) for each in zip(*map(changes, [params] * len(xs), xs, ys), strict=True)]
    got = gradients(case.network, params, xs, ys, case.loss)
    for layer, change in zip(got, total, strict=True):
        np.testing.assert_allclose(layer.weights, -change, rtol=1e-10, atol=0)


_init = jax.jit(functools.partial(nnjax.init, dtype=jnp.float64), static_argnums=(0, 2))


@functools.partial(jax.jit, static_argnums=0)
def _read_out(network, params, x):
    """Return the scalar linear read-out f and ∂f/∂W: with y = f - 1/2, the SSE's derivative 2(f - y) is 1."""
    f = nnjax.predict(network, params, x)
    return f[0], nnjax.gradients(network, params, x[None], f[None] - 0.5)


def test_euler_identity_of_relu():
    """For each layer of a ReLU network without biases, ⟨Wₗ, ∂f/∂Wₗ⟩ = f, as f is homogeneous in each Wₗ."""
    network = nnjax.mlp((5, 7, 6, 8, 1), hidden="relu", output="identity", biases=False)
    params = _init(network, nnjax.key(3), "he_normal")
    f, grads = _read_out(network, params, np.random.default_rng(4).normal(size=5))
    assert float(f) != 0
    for layer, grad in zip(params, grads, strict=True):
        np.testing.assert_allclose(np.vdot(layer.weights, grad.weights), f, rtol=1e-10, atol=0)


def test_he_to_glorot_scales_every_layer_alike():
    """With equal widths and draws, Glorot's weights give He's gradients times 2^(-(L-1)/2) in every layer."""
    depth, width = 30, 6
    network = nnjax.mlp((width,) * (depth + 1), hidden="relu", output="identity", biases=False)
    x, read_out = np.random.default_rng(5).normal(size=width), np.ones(width)
    # In float32, √2 is exact only to 1e-7, so Glorot's weights are made by rescaling He's in float64.
    he_params = _init(network, nnjax.key(4), "he_normal")
    glorot_params = tuple(nnjax.Layer(2**-0.5 * layer.weights, layer.biases) for layer in he_params)

    @jax.jit
    def gradients_at(params):
        y = nnjax.predict(network, params, x) + read_out / 2
        return nnjax.gradients(network, params, x[None], y[None])

    both = gradients_at(he_params), gradients_at(glorot_params)
    assert all(np.any(layer.weights != 0) for layer in both[0])
    for he, glorot in zip(*both, strict=True):
        np.testing.assert_allclose(glorot.weights, 2 ** (-(depth - 1) / 2) * he.weights, rtol=1e-10, atol=0)


def test_linear_network_has_the_least_squares_gradient():
    """Without hidden layers, ∂SSE/∂W = 2 Xᵀ(XW - Y), which is zero where the normal equations hold."""
    network = nnjax.mlp((3, 2), output="identity", biases=False)
    rng = np.random.default_rng(0)
    xs, ys, w = (rng.normal(size=shape) for shape in ((20, 3), (20, 2), (3, 2)))
    got = gradients(network, (nnjax.Layer(w, np.zeros(2)),), xs, ys)[0].weights
    np.testing.assert_allclose(got, 2 * xs.T @ (xs @ w - ys), rtol=1e-12, atol=0)
    best = np.linalg.lstsq(xs, ys)[0]
    at_best = gradients(network, (nnjax.Layer(best, np.zeros(2)),), xs, ys)[0].weights
    assert float(np.max(np.abs(at_best))) < 1e-12


def test_no_hidden_layer_and_cross_entropy_is_logistic_regression():
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(200, 3))
    ys = (xs @ [1.0, -2.0, 0.5] + rng.logistic(size=200) > 0).astype(float)[:, None]
    network = nnjax.mlp((3, 1), output="identity")

    def step(params, _):
        grads = gradients(network, params, xs, ys, "binary_cross_entropy")
        return jax.tree.map(lambda p, g: p - 0.02 * g, params, grads), None

    start = (nnjax.Layer(jnp.zeros((3, 1)), jnp.zeros(1)),)
    params, _ = jax.lax.scan(step, start, length=3000)
    reference = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(xs, ys[:, 0])
    np.testing.assert_allclose(params[0].weights[:, 0], reference.coef_[0], rtol=1e-4)
    np.testing.assert_allclose(params[0].biases, reference.intercept_, rtol=1e-4)


def test_identical_hidden_units_stay_identical():
    """Weights of zero show the symmetry problem: all hidden nodes get the same gradient, and always will."""
    network = nnjax.mlp((2, 3, 1))
    params = _init(network, nnjax.key(0), "zeros")
    xs, ys = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[1.0], [0.0]])
    for _ in range(5):
        grads = gradients(network, params, xs, ys)
        params = jax.tree.map(lambda p, g: p - np.asarray(g), params, grads)
    assert np.all(params[0].weights == params[0].weights[:, :1])
