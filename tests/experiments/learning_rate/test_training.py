"""The first step of each optimiser."""

import jax
import numpy as np
import pytest

import nnjax
from experiments.learning_rate import training


@pytest.mark.slow
def test_one_step_of_each_optimizer_on_xor():
    """The first step of sgd and of momentum is -rate · g; that of rmsprop and of adam is about the rate."""
    network, (xs, ys) = nnjax.mlp((2, 2, 1)), nnjax.datasets.xor()
    key, rate = nnjax.key(0), np.float32(0.01)
    params = jax.jit(lambda key: nnjax.init(network, key, "normal", "normal"))(key)
    grads = jax.jit(lambda params: nnjax.gradients(network, params, xs, ys))(params)
    total_loss = jax.jit(lambda params: nnjax.total_loss(network, params, xs, ys))
    factors = {
        "sgd": lambda g: g,
        "momentum 0.9": lambda g: g,
        "rmsprop": lambda g: g / np.sqrt(0.1 * g**2 + 1e-8),
        "adam": lambda g: g / (np.abs(g) + 1e-8),
    }
    for name, factor in factors.items():
        moved = tuple(
            nnjax.Layer(
                *(
                    np.asarray(leaf) - rate * factor(np.asarray(g))
                    for leaf, g in zip(layer, grad, strict=True)
                )
            )
            for layer, grad in zip(params, grads, strict=True)
        )
        with jax.numpy_dtype_promotion("standard"):  # Optax's Adam and RMSProp mix dtypes
            loss = jax.jit(training.xor(training.OPTIMIZERS[name], 1))(key, rate)
        np.testing.assert_allclose(loss, total_loss(moved), rtol=1e-4, err_msg=name)
