"""Check norms per layer against definitions, and theory against printed values, integrals and simulation."""

import functools
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

import nnjax
from nnjax import initialisers, signal_propagation
from nnjax.activations import ACTIVATIONS


def drawn(sizes, activation, seed=0, weights="he_normal", output="identity"):
    network = nnjax.mlp(sizes, activation, output)
    return network, nnjax.init(network, nnjax.key(seed), weights, dtype=jnp.float64)


def test_flow_is_the_norms_of_the_gradients():
    network, params = drawn((3, 5, 4, 2), "tanh")
    rng = np.random.default_rng(0)
    xs, ys = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    flow = jax.jit(functools.partial(signal_propagation.flow, network))(params, xs, ys)
    grads = jax.jit(jax.grad(lambda p: nnjax.total_loss(network, p, xs, ys)))(params)
    expected = [np.linalg.norm(layer.weights) for layer in grads]
    np.testing.assert_allclose(flow.gradient, expected, rtol=1e-12)
    traces = jax.jit(jax.vmap(lambda x: nnjax.forward(network, params, x)))(xs)
    last = 2 * (ys - np.asarray(traces.activations[-1]))
    np.testing.assert_allclose(flow.delta[-1], np.linalg.norm(last), rtol=1e-12)
    np.testing.assert_allclose(flow.activation[0], np.linalg.norm(traces.activations[1]), rtol=1e-12)
    assert not np.any([flow.dead, flow.saturated, flow.underflow])


def test_a_norm_whose_squares_underflow():
    tiny = jnp.full((4,), 1e-30, jnp.float32)
    np.testing.assert_allclose(signal_propagation.norm(tiny), 2e-30, rtol=1e-6)
    assert signal_propagation.norm(jnp.zeros(3)) == 0


def test_ratios_are_of_each_layer_to_the_next_above():
    values = jnp.array([[1.0, 3.0], [2.0, 0.0], [8.0, 5.0], [0.0, jnp.nan]])
    ratios = signal_propagation.ratios(values)
    np.testing.assert_array_equal(ratios, [[0.5, np.nan], [0.25, 0.0], [np.nan, np.nan]])
    gradient = jax.grad(lambda v: jnp.nansum(signal_propagation.ratios(v)))(jnp.array([1.0, 2.0, 0.0]))
    np.testing.assert_array_equal(gradient, [0.5, -0.25, 0.0])


def test_zeros_are_told_apart():
    network = nnjax.Network((1, 4, 1), (("relu", "sigmoid", "relu", "sigmoid"), "identity"))
    weights = jnp.array([[-1.0, 100.0, 1.0, 0.5]], jnp.float32)
    params = (
        nnjax.Layer(weights, jnp.zeros(4, jnp.float32)),
        nnjax.Layer(jnp.ones((4, 1), jnp.float32), jnp.zeros(1, jnp.float32)),
    )
    flow = jax.jit(functools.partial(signal_propagation.flow, network))(
        params, np.ones((1, 1)), np.zeros((1, 1))
    )
    assert (flow.dead[0], flow.saturated[0], flow.underflow[0]) == (0.25, 0.25, 0.0)


def test_dead_nodes_are_named_one_by_one():
    """For z = (-x, x, 1e9 x, -1) and x > 0, node 1 is dead; node 3, a sigmoid, never counts as dead."""
    network = nnjax.Network((1, 4, 2), (("relu", "relu", "sigmoid", "relu"), "relu"))
    first = nnjax.Layer(jnp.array([[-1.0, 1.0, 1e9, 0.0]]), jnp.array([0.0, 0.0, 0.0, -1.0]))
    second = nnjax.Layer(jnp.zeros((4, 2)), jnp.array([1.0, -1.0]))
    flow = jax.jit(functools.partial(signal_propagation.flow, network))
    for xs, expected in (
        ([[1.0], [2.0]], [True, False, False, True]),
        ([[1.0], [-2.0]], [False, False, False, True]),
        ([[0.0]], [True, True, False, True]),
    ):
        measured = flow((first, second), np.array(xs), np.zeros((len(xs), 2)))
        assert [nodes.tolist() for nodes in measured.dead_nodes] == [expected, [False, True]]
    stacked = jax.vmap(lambda x: flow((first, second), x[None], np.zeros((1, 2))))(np.ones((3, 1)))
    assert [nodes.shape for nodes in stacked.dead_nodes] == [(3, 4), (3, 2)]


def test_flow_refuses_what_gradients_refuses(without_shape_checks):
    """Labels outside [0, 1], which are known even inside jit, make a cross-entropy fall without bound."""
    network, params = drawn((3, 2), "relu")
    xs, ys = np.ones((2, 3)), np.array([[0.0, 1.0], [1.0, 2.0]])
    for loss in ("binary_cross_entropy", "softmax_cross_entropy"):
        for wrap in (lambda call: call, jax.jit):
            call = wrap(lambda params, loss=loss: signal_propagation.flow(network, params, xs, ys, loss))
            with pytest.raises(ValueError, match=r"targets ys must lie in \[0, 1\] .*, got 0.0 to 2.0"):
                call(params)
    with pytest.raises(ValueError, match="takes logits"):
        signal_propagation.flow(nnjax.mlp((3, 2)), params, xs, ys / 2, "binary_cross_entropy")


def test_underflow_from_above():
    network = nnjax.mlp((1, 2, 1), "identity", "identity")
    params = (
        nnjax.Layer(jnp.ones((1, 2), jnp.float32), jnp.zeros(2, jnp.float32)),
        nnjax.Layer(jnp.full((2, 1), 1e-30, jnp.float32), jnp.zeros(1, jnp.float32)),
    )
    flow = signal_propagation.flow(network, params, np.ones((1, 1)), np.full((1, 1), 1e-20))
    assert flow.underflow[0] == 1.0


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("q", [1e-3, 0.7, 30.0])
def test_gaussian_means_against_adaptive_integration(activation, q):
    pair = ACTIVATIONS[activation]

    @jax.jit
    def both(z):
        a = pair.value(z)
        return a, pair.derivative(z, a)

    def square(z, of_slope):
        value = both(math.sqrt(q) * z)[of_slope]
        return float(value) ** 2 * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    for of_slope, mean in enumerate(signal_propagation.mean_squares(activation, q)):
        parts = [integrate.quad(square, *part, (of_slope,), epsabs=1e-13) for part in ((-12, 0), (0, 12))]
        np.testing.assert_allclose(mean, parts[0][0] + parts[1][0], rtol=1e-9)


@pytest.mark.parametrize(
    "activation, weights, biases, q, chi",
    [
        ("sigmoid", 1.0, 0.0, 0.26468688, 0.05572071),
        ("sigmoid", 2.0, 0.0, 0.55528959, 0.10097708),
        ("tanh", 1.0, 0.0, 0.0, 1.0),
        ("relu", 2.0, 0.0, 1.0, 1.0),
        ("relu", 1.0, 0.0, 0.0, 0.5),
        ("relu", 1.0, 1.0, 2.0, 0.5),
        ("relu", 3.0, 0.0, math.inf, 1.5),
        ("relu", 2.0, 0.1, math.inf, 1.0),
        ("identity", 0.5, 0.5, 1.0, 0.5),
        ("leaky_relu", 2.0, 0.0, math.inf, 1.0001),
        ("sigmoid", 0.0, 0.0, 0.0, 0.0),
    ],
)
def test_fixed_points_by_hand_and_as_tabulated(activation, weights, biases, q, chi):
    fixed, factor = signal_propagation.fixed_point(activation, weights, biases)
    if q == math.inf:
        assert fixed == q
    else:
        np.testing.assert_allclose(fixed, q, rtol=1e-7, atol=0 if q else 1e-12)
    np.testing.assert_allclose(factor, chi, rtol=1e-7)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("weights, biases", [(0.8, 0.2), (3.0, 0.3)])
def test_the_fixed_point_is_where_plain_iteration_leads(activation, weights, biases):
    q = 1.0
    for _ in range(400):
        before, q = q, min(weights * signal_propagation.mean_squares(activation, q)[0] + biases, 1e30)
        if q == before:
            break
    fixed, _ = signal_propagation.fixed_point(activation, weights, biases)
    if q > 1e6:
        assert fixed == math.inf
    elif q < 1e-3:
        assert fixed == 0
    else:
        np.testing.assert_allclose(fixed, q, rtol=1e-6)


EQUAL, UNEQUAL = (256,) * 9 + (1,), (256, 128, 320, 200, 256, 150, 256, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    "activation, scheme, sizes",
    [
        ("sigmoid", "lecun_normal", EQUAL),
        ("sigmoid", "he_normal", UNEQUAL),
        ("tanh", "glorot_normal", UNEQUAL),
        ("relu", "he_normal", UNEQUAL),
    ],
)
def test_measured_ratios_are_within_2_percent_of_theory(activation, scheme, sizes):
    network = nnjax.mlp(sizes, activation, "identity", biases=False)
    shapes = itertools.pairwise(sizes)
    variances = [initialisers.weight_variance(scheme, *shape) for shape in shapes]
    theory = signal_propagation.mean_field(network, variances, 256.0).factor

    def ratios(key):
        params = nnjax.init(network, key, scheme, dtype=jnp.float64)
        x = jax.random.normal(jax.random.fold_in(key, 99), (256,), jnp.float64)
        x = x * 16 / jnp.linalg.norm(x)
        flow = signal_propagation.flow(network, params, x[None], jnp.ones((1, 1)))
        return flow.delta[:-1] ** 2 / flow.delta[1:] ** 2

    measured = nnjax.sweep(ratios, range(40), lane=5)
    inner = slice(0, -1)  # without the ratio next to the output, where one number is made from 256 products
    np.testing.assert_allclose(np.mean(measured[:, inner] / theory[inner]), 1, rtol=0.02)


def test_one_step_of_relu_is_distributed_as_derived():
    width, network = 8, nnjax.mlp((8, 8, 8), "relu", "identity", biases=False)

    def ratio(key):
        params = nnjax.init(network, key, "he_normal")
        delta = jax.random.normal(jax.random.fold_in(key, 98), (width,), jnp.float32)
        x = jax.random.normal(jax.random.fold_in(key, 99), (width,), jnp.float32)
        trace = nnjax.forward(network, params, x)
        below = nnjax.deltas(network, params, trace, trace.activations[-1] + delta / 2)[0]
        return signal_propagation.norm(below) ** 2 / signal_propagation.norm(delta) ** 2

    steps = np.asarray(nnjax.sweep(ratio, range(4000)), float)
    alive = steps[steps > 0]
    assert stats.kstest(alive, lambda r: signal_propagation.relu_step_cdf(width, r)).pvalue > 1e-3
    # The test can fail: the distribution for another width is rejected.
    assert stats.kstest(alive, lambda r: signal_propagation.relu_step_cdf(width + 2, r)).pvalue < 1e-3
    mean, second = signal_propagation.relu_step_moments(width)
    assert abs(alive.mean() - mean) < 4 * alive.std() / len(alive) ** 0.5
    assert abs((alive**2).mean() - second) < 4 * (alive**2).std() / len(alive) ** 0.5


@pytest.mark.parametrize("width", [1, 8, 100, 1100])
def test_the_distribution_of_a_step_is_that_of_scipy(width):
    ratios, k = np.array([[0.5, 0.9, 1.0], [1.1, 1.5, 4.0]]), np.arange(1, width + 1)
    chances = stats.binom.pmf(k, width, 0.5) / (1 - 0.5**width)
    expected = stats.chi2.cdf(ratios[..., None] * width / 2, k) @ chances
    got = signal_propagation.relu_step_cdf(width, ratios)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, expected, rtol=1e-10)
    one = signal_propagation.relu_step_cdf(width, 1.5)
    assert one.shape == ()
    np.testing.assert_allclose(one, expected[1, 1], rtol=1e-10)


def test_share_of_networks_dead_at_birth():
    width, layers, seeds = 4, 10, 4000
    network = nnjax.mlp((4,) * (layers + 1), "relu", "relu", biases=False)

    def dead(key):
        params = nnjax.init(network, key, "he_normal")
        x = jax.random.normal(jax.random.fold_in(key, 99), (width,), jnp.float32)
        return jnp.all(nnjax.predict(network, params, x) == 0)

    share = np.mean(nnjax.sweep(dead, range(seeds)))
    expected = signal_propagation.dead_at_birth(width, layers)
    np.testing.assert_allclose(expected, 0.4755, rtol=1e-4)
    assert abs(share - expected) < 4 * math.sqrt(expected * (1 - expected) / seeds)


def test_he_rescaled_to_glorot_changes_every_layers_gradient_alike():
    layers = 30
    network, he = drawn((16,) * (layers + 1), "relu")  # wide enough that not all nodes die
    glorot = jax.tree.map(lambda w: w / np.sqrt(2), he)
    x, read_out = np.linspace(-1, 1, 16), np.linspace(1, 2, 16)

    def gradients(params):
        trace = nnjax.forward(network, params, x)
        grads = nnjax.deltas(network, params, trace, trace.activations[-1] + read_out / 2)
        return [np.outer(a, d) for a, d in zip(trace.activations[:-1], grads, strict=True)]

    for a, b in zip(gradients(glorot), gradients(he), strict=True):
        np.testing.assert_allclose(
            np.linalg.norm(a) / np.linalg.norm(b), 2 ** (-(layers - 1) / 2), rtol=1e-10
        )


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: signal_propagation.fixed_point("sigmiod", 1.0), "Did you mean 'sigmoid'"),
        (lambda: signal_propagation.fixed_point("relu", -1.0), "weight_variance must be 0 or more"),
        (lambda: signal_propagation.fixed_point("relu", 1.0, math.nan), "bias_variance must be 0 or more"),
        (lambda: signal_propagation.mean_squares("relu", -1.0), "q must be 0 or more"),
        (lambda: signal_propagation.exactly_flat("rellu", jnp.ones(2)), "Did you mean 'relu'"),
        (
            lambda: signal_propagation.mean_field(nnjax.mlp((2, 1), biases=False), [1.0], 1.0, 0.1),
            "bias_variance must be 0 for a network with biases=False, got 0.1",
        ),
        (
            lambda: signal_propagation.mean_field(nnjax.mlp((2, 2, 1)), [1.0], 1.0),
            "weight_variances must be 2 numbers, one per layer, got 1",
        ),
        (lambda: signal_propagation.dead_at_birth(0, 3), "width"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_predictions_are_plain_numbers_inside_jit():
    scaled = jax.jit(lambda x: x * signal_propagation.fixed_point("sigmoid", 1.0)[1])(jnp.float64(2.0))
    np.testing.assert_allclose(scaled, 2 * 0.05572071, rtol=1e-6)
