"""Under a user's vmap, matrices are decomposed one by one where a batch can hang, with the same bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend import core

import nnjax
from nnjax import linalg, minima
from nnjax.sweeps import lapack

FUNCTIONS = {"eigh": (linalg.eigh, jnp.linalg.eigh), "qr": (linalg.qr, jnp.linalg.qr)}


def matrices(count, shape=(5, 5)):
    drawn = np.random.default_rng(0).normal(size=(count, *shape))
    return jnp.asarray(drawn @ np.swapaxes(drawn, -1, -2) if shape[0] == shape[1] else drawn)


@pytest.fixture(params=[True, False], ids=["hanging", "sound"])
def jaxlib(request, monkeypatch):
    """A jaxlib that hangs, and one that does not."""
    monkeypatch.setattr(linalg, "hangs", lambda version: request.param)
    return request.param


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_by_one_has_the_bits_of_a_batch(name, jaxlib):
    """The matrices are too small for jaxlib to split a batch of them into tasks."""
    ours, theirs = FUNCTIONS[name]
    got = jax.jit(jax.vmap(ours))(matrices(3))
    want = jax.jit(jax.vmap(theirs))(matrices(3))
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def ranks(jaxpr):
    """Yield the number of axes of each LAPACK call's input, in a program and in the programs within it."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in lapack.CALLS:
            yield equation.invars[0].aval.ndim
        for inner in core.jaxprs_in_params(equation.params):
            yield from ranks(inner)


def bowl(a):
    return jnp.sum(a**4) + jnp.sum(a * jnp.roll(a, 1))


@pytest.mark.parametrize(
    "fn, argument",
    [
        (lambda a: minima.certify(bowl, a), jax.ShapeDtypeStruct((3, 4), np.float64)),
        (lambda a: minima.polish(bowl, a), jax.ShapeDtypeStruct((3, 4), np.float64)),
        (
            lambda seed: nnjax.init(nnjax.mlp((3, 4, 2)), jax.random.key(seed), "orthogonal"),
            jax.ShapeDtypeStruct((3,), np.uint32),
        ),
    ],
    ids=["certify", "polish", "orthogonal"],
)
def test_no_batch_of_matrices_is_left_outside_of_sweeps(fn, argument, jaxlib):
    rank = set(ranks(jax.make_jaxpr(jax.vmap(fn))(argument).jaxpr))
    assert rank == ({2} if jaxlib else {3})


@pytest.mark.parametrize("shape", [(5, 5), (3, 6), (6, 3)])
def test_orthogonal_weights_are_jaxs(shape):
    key = nnjax.key(7)
    network = nnjax.mlp(shape)
    weights = nnjax.init(network, key, "orthogonal")[0].weights
    first = jax.random.fold_in(jax.random.fold_in(key, 0), 0)
    np.testing.assert_array_equal(weights, jax.nn.initializers.orthogonal()(first, shape, jnp.float32))
