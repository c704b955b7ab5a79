"""The library's steps can be lowered for CUDA and TPU on any machine; `test_smoke` tests the experiments."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import export

import nnjax
from experiments.spurious_minima import descent as safran_shamir
from nnjax import signal_propagation, symmetries

SEED = jax.ShapeDtypeStruct((), jnp.uint32)
XOR = nnjax.datasets.xor()


def keyed(fn):
    """Return a function of a seed instead of a key, since keys are not arrays that can be exported."""
    return lambda seed: fn(jax.random.key(seed, impl="threefry2x32"))


def trained(view, batch_size=None):
    def end(key):
        network = nnjax.mlp((2, 3, 1), "tanh", "sigmoid")
        params = nnjax.init(network, key, "lecun_truncated_normal", "normal")
        order = key if batch_size else None
        return nnjax.train(
            network,
            params,
            *XOR,
            optimizer=optax.sgd(0.1),
            epochs=3,
            batch_size=batch_size,
            key=order,
            view=view,
        )

    return end


def flow(key):
    network = nnjax.mlp((2, 5, 1), "relu", "identity")
    return signal_propagation.flow(network, nnjax.init(network, key, "he_normal"), *XOR)


def aligned(key):
    network = nnjax.mlp((2, 3, 1), "tanh")
    one, other = (nnjax.init(network, jax.random.fold_in(key, k), "normal") for k in range(2))
    return symmetries.align(network, symmetries.canonical(network, one), other)


def followed(key):
    weights = safran_shamir.start(key, 3, 3).weights
    return safran_shamir.follow(weights, 0.0, 1e-2, 3), safran_shamir._look(weights[None])


STEPS = {
    "nodes": trained("nodes"),
    "matrix": trained("matrix"),
    "columns": trained("columns"),
    "mini-batches": trained("matrix", 3),
    "gradient flow": flow,
    "aligned": aligned,
    "followed": followed,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_lowers_for_other_devices(name):
    step = keyed(STEPS[name])
    exported = export.export(jax.jit(step), platforms=("cpu", "cuda", "tpu"))(SEED)
    assert exported.platforms == ("cpu", "cuda", "tpu")
    seed = np.zeros((), np.uint32)
    chex.assert_trees_all_close(jax.jit(exported.call)(seed), jax.jit(step)(seed), rtol=1e-5)
