"""An optimiser gives the same result in every view, whether it updates single numbers or needs matrices."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.optimisers import works_by_number
from nnjax.views import VIEWS

NETWORK = nnjax.mlp((2, 3, 1))
PARAMS = nnjax.init(NETWORK, nnjax.key(1), "normal", "normal", dtype=jnp.float64)
XS, YS = np.random.default_rng(0).normal(size=(5, 2)), np.random.default_rng(1).uniform(size=(5, 1))
LABELS = (nnjax.Layer("still", "still"), nnjax.Layer("learns", "learns"))
BY_NUMBER = {
    "sgd": optax.sgd(0.1),
    "momentum": optax.sgd(0.1, 0.9, nesterov=True),
    "adamw": optax.adamw(0.1),
    "rmsprop": optax.rmsprop(0.1, momentum=0.9),
    "a schedule": optax.sgd(optax.exponential_decay(1.0, 50, 0.1)),
    "clipped numbers": optax.chain(optax.clip(1.0), optax.sgd(0.1)),
}
LOOKS_FURTHER = {
    "decay by ndim": optax.adamw(
        0.05, weight_decay=1.0, mask=lambda p: jax.tree.map(lambda leaf: leaf.ndim > 1, p)
    ),
    "labels": optax.partition({"learns": optax.sgd(0.5), "still": optax.set_to_zero()}, LABELS),
    "clipped norm": optax.chain(optax.clip_by_global_norm(0.1), optax.sgd(0.5)),
    "lamb": optax.lamb(0.05),
    "clipped blocks": optax.chain(optax.clip_by_block_rms(0.01), optax.sgd(0.5)),
}


@pytest.mark.parametrize("name", BY_NUMBER)
def test_these_work_by_number(name):
    with jax.numpy_dtype_promotion("standard"):
        assert all(works_by_number(BY_NUMBER[name], PARAMS, layout) for layout in VIEWS.values())


@pytest.mark.parametrize("name", LOOKS_FURTHER)
def test_these_act_the_same_in_every_view(name):
    def train(view, params):
        made = LOOKS_FURTHER[name]
        return nnjax.train(NETWORK, params, XS, YS, optimizer=made, epochs=10, view=view)[0]

    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        assert not works_by_number(LOOKS_FURTHER[name], PARAMS, VIEWS["nodes"])
        ends = [jax.jit(functools.partial(train, view))(PARAMS) for view in VIEWS]
    assert not np.array_equal(ends[0][1].weights, PARAMS[1].weights)
    for end in ends[1:]:
        for one, other in zip(jax.tree.leaves(end), jax.tree.leaves(ends[0]), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_layers_that_are_still_stay():
    made = LOOKS_FURTHER["labels"]
    params, _ = nnjax.train(NETWORK, PARAMS, XS, YS, optimizer=made, epochs=2, view="nodes")
    np.testing.assert_array_equal(params[0].weights, PARAMS[0].weights)


def test_a_rate_that_is_traced_is_looked_through():
    seen = []

    def at(rate):
        seen.extend(works_by_number(optax.adam(rate), PARAMS, layout) for layout in VIEWS.values())
        return rate

    with jax.numpy_dtype_promotion("standard"):
        jax.jit(jax.vmap(at))(jnp.ones(2))
    assert seen == [True, True, True]


def test_an_update_along_an_axis_is_seen():
    """A running sum along rows keeps a matrix's shape, but is not an update of each number by itself."""

    def update(grads, state, params=None):
        return jax.tree.map(lambda g: jnp.cumsum(g, axis=0) if g.ndim else g, grads), state

    summing = optax.GradientTransformation(lambda params: (), update)
    assert not works_by_number(summing, PARAMS, VIEWS["columns"])
    assert not works_by_number(summing, PARAMS, VIEWS["nodes"])
