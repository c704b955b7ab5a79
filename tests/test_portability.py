"""Each compiled step also lowers for CUDA and TPU, without such a device: exported, not executed."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax import export

import nnjax
from experiments import (
    birth,
    blame_rules,
    depth_training,
    digits_measures,
    initialisation_measures,
    learning_rate,
    minima_measures,
    safran_shamir,
)
from nnjax import gradient_flow, symmetries

SEED = jax.ShapeDtypeStruct((), jnp.uint32)
NUMBER = jax.ShapeDtypeStruct((), jnp.float32)
XOR = nnjax.datasets.xor()


def keyed(fn):
    """A function of a seed: keys are no array type that crosses an export."""
    return lambda seed, *rest: fn(jax.random.key(seed, impl="threefry2x32"), *rest)


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
    return gradient_flow.flow(network, nnjax.init(network, key, "he_normal"), *XOR)


def aligned(key):
    network = nnjax.mlp((2, 3, 1), "tanh")
    one, other = (nnjax.init(network, jax.random.fold_in(key, k), "normal") for k in range(2))
    return symmetries.align(network, symmetries.canonical(network, one), other)


XOR_JOB = blame_rules.Job(nnjax.mlp((2, 2, 1)), XOR, XOR, 2.0, 2, 4)
STEPS = {
    "nodes": (trained("nodes"), ()),
    "matrix": (trained("matrix"), ()),
    "columns": (trained("columns"), ()),
    "mini-batches": (trained("matrix", 3), ()),
    "gradient flow": (flow, ()),
    "aligned": (aligned, ()),
    "birth": (birth.profile(4, (1, 3), ("sigmoid", "relu"), ("normal", "orthogonal")), ()),
    "deep": (
        depth_training.learner(depth_training.task("iris", 4), depth_training.Recipe(3), 2),
        (NUMBER,) * 4,
    ),
    "xor": (minima_measures.xor_end("2-2-1 sigmoid", 5), (NUMBER, NUMBER)),
    "digits": (minima_measures.digits_end((64, 5, 10), "LeCun", 0.1, 1), ()),
    "digit by digit": (digits_measures.learner("LeCun, SSE", "", 1), (SEED,)),
    "rules of blame": (blame_rules.trained(XOR_JOB, blame_rules.RULES["author's code"]), (NUMBER,)),
    "learning rate": (learning_rate.xor(learning_rate.OPTIMIZERS["momentum 0.9"], 3), (NUMBER,)),
    "initial weights": (
        initialisation_measures.learner(initialisation_measures.tasks()["XOR"], 3),
        (NUMBER, NUMBER),
    ),
    "spurious": (lambda key: safran_shamir.descend(safran_shamir.start(key, 3, 3)), ()),
}


FAST = {"nodes", "matrix", "columns", "xor", "spurious"}


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in STEPS]
)
def test_lowers_for_other_devices(name):
    step, rest = STEPS[name]
    exported = export.export(jax.jit(keyed(step)), platforms=("cpu", "cuda", "tpu"))(SEED, *rest)
    assert exported.platforms == ("cpu", "cuda", "tpu")
    arguments = [np.zeros((), leaf.dtype) for leaf in (SEED, *rest)]
    here = jax.jit(exported.call)(*arguments)
    for mine, theirs in zip(
        jax.tree.leaves(here), jax.tree.leaves(jax.jit(keyed(step))(*arguments)), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5)
