"""Nielsen's updates and speeds agree with his own formulas in NumPy."""

import jax
import jax.numpy as jnp
import numpy as np

import nnjax
from experiments.digits.mnist import nielsen
from experiments.runner import mnist


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def backprop(weights, biases, x, y, cross_entropy):
    """Return ∂C/∂b and ∂C/∂w of one example; δ is (a - y) σ'(z) for ½|y - a|², a - y for cross-entropy."""
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(sigmoid(activations[-1] @ w + b))
    a = activations[-1]
    deltas = [(a - y) * (1 if cross_entropy else a * (1 - a))]
    for w, a in zip(weights[:0:-1], activations[-2:0:-1], strict=True):
        deltas.insert(0, (w @ deltas[0]) * a * (1 - a))
    return deltas, [np.outer(a, d) for a, d in zip(activations[:-1], deltas, strict=True)]


def double(params):
    """Return weights and biases by layer, in float64."""
    return tuple([np.array(part, float) for part in parts] for parts in zip(*params, strict=True))


def test_an_epoch_is_his(folder):
    """One epoch with η = 3, on the mean of ½|y - a|² over 10 rows, in float64."""
    data, key = mnist.load(folder), nnjax.key(3)
    network = nielsen.network_of(data, (5,))
    params = nnjax.init(network, key, "normal", "normal", dtype=jnp.float64)
    weights, biases = double(params)
    order = jax.random.permutation(jax.random.fold_in(key, 0), 50)
    for rows in np.asarray(order).reshape(-1, 10):
        parts = [backprop(weights, biases, data.train.xs[n], data.train.ys[n], False) for n in rows]
        for layer in range(2):
            biases[layer] -= 3 / 10 * sum(db[layer] for db, _ in parts)
            weights[layer] -= 3 / 10 * sum(dw[layer] for _, dw in parts)
    end = jax.jit(nielsen.epoch, static_argnums=0)(network, params, data.train, key)
    for layer, w, b in zip(end, weights, biases, strict=True):
        np.testing.assert_allclose(layer.weights, w, rtol=1e-9)
        np.testing.assert_allclose(layer.biases, b, rtol=1e-9)
    assert np.all(np.linalg.norm(weights[1] - params[1].weights, axis=0) > 0.01)


def test_speeds_are_the_lengths_of_his_mean_deltas(folder):
    data, key = mnist.load(folder), nnjax.key(0)
    network = nielsen.network_of(data, (30, 30), "identity")
    weights, biases = double(nnjax.init(network, key, "lecun_normal", "normal"))
    rows = zip(data.train.xs, data.train.ys, strict=True)
    deltas = [backprop(weights, biases, x, y, True)[0][:2] for x, y in rows]
    expected = [np.linalg.norm(np.mean(layer, axis=0)) for layer in zip(*deltas, strict=True)]
    born = nnjax.sweep(nielsen.speeds(folder, (30, 30)), [0])
    np.testing.assert_allclose(born[0], expected, rtol=1e-4)


def test_his_spread_of_initial_weights(folder):
    """Weights are N(0, 1/inputs) and biases N(0, 1), as 64 · 30 and 30 draws from each of 20 seeds show."""
    network = nielsen.network_of(mnist.load(folder), (30, 30))
    born = [nnjax.init(network, nnjax.key(seed), "lecun_normal", "normal")[0] for seed in range(20)]
    np.testing.assert_allclose(np.std([one.weights for one in born]) * 8, 1, rtol=0.03)
    np.testing.assert_allclose(np.std([one.biases for one in born]), 1, rtol=0.15)


def test_the_data_of_a_run(folder, made_up):
    data = nielsen.measure(made_up, folder, np.arange(2), np.arange(3), 2)
    assert data["mnist"]["accuracy"].dims == ("hidden_nodes", "seed", "epoch")
    assert data["mnist"]["accuracy"].shape == (2, 2, 2)
    speed = data["births"]["speed"]
    assert speed.shape == (3, 3, 4)
    assert np.isnan(speed.sel(depth=2, layer=[3, 4])).all()
    assert (speed.sel(depth=4) > 0).all()
