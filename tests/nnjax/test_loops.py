"""Many of the numbers that a loop computes come out the same, whichever way the loop computes them."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import kernels, loops
from nnjax.losses import LOSSES

OPTIMISED = True  # about bits
XS, YS = (np.asarray(part, float) for part in nnjax.datasets.xor())
SMALL = nnjax.mlp((2, 2, 1))
EXTREME = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e-37, -1.5]


@pytest.fixture(autouse=True)
def reductions(monkeypatch):
    """Compute by reductions, whatever the version of jaxlib."""
    monkeypatch.setattr(loops, "REDUCE", True)


@pytest.mark.parametrize("way", [loops.together, loops.padded])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_keep_their_bits(way, dtype):
    values = [jnp.roll(jnp.asarray(EXTREME, dtype), shift) for shift in range(loops.RESULTS + 2)]
    got = jax.jit(jax.vmap(lambda *scalars: list(way(scalars))))(*values)
    for one, other in zip(got, values, strict=True):
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def drawn(network, key):
    return nnjax.init(network, key, "normal", "normal", dtype=float)


def trained(network, optimizer, epochs, starts, **options):
    """Train stacked parameters in the node view; return the parameters."""

    def one(params):
        return nnjax.train(
            network, params, XS, YS, optimizer=optimizer, epochs=epochs, view="nodes", **options
        )[0]

    return jax.jit(jax.vmap(one))(starts)


def starts(network, seeds=48):
    draw = jax.vmap(lambda seed: drawn(network, jax.random.key(seed, impl="threefry2x32")))
    return jax.jit(draw)(np.arange(seeds))


def by_jax_grad(network, rate, epochs, params):
    """Descend along JAX's own gradient."""

    def total(params):
        return sum(jnp.sum((y - nnjax.predict(network, params, x)) ** 2) for x, y in zip(XS, YS, strict=True))

    step = jax.jit(
        jax.vmap(lambda params: jax.tree.map(lambda w, g: w - rate * g, params, jax.grad(total)(params)))
    )
    for _ in range(epochs):
        params = step(params)
    return params


def agree(got, want, rtol):
    pairs = zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True)
    return all(np.allclose(a, b, rtol=rtol, atol=0) for a, b in pairs)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("epochs", [0, 1, 2, 7])
def test_training_in_one_loop_is_gradient_descent(epochs, monkeypatch):
    first = starts(SMALL)
    want = by_jax_grad(SMALL, 0.5, epochs, first)
    calls, right = [], loops.padded
    monkeypatch.setattr(loops, "padded", lambda scalars: calls.append(1) or right(scalars))
    assert agree(trained(SMALL, optax.sgd(0.5), epochs, first), want, 1e-12)
    assert calls
    monkeypatch.setattr(loops, "padded", lambda scalars: right(scalars)[::-1])
    assert epochs == 0 or not agree(trained(SMALL, optax.sgd(0.5), epochs, first), want, 1e-12)


@pytest.mark.usefixtures("quickly")
def test_curves_are_those_of_a_scan(monkeypatch):
    def run(params):
        options = {"optimizer": optax.sgd(0.5), "epochs": 7, "view": "nodes", "record_every": 3}
        return nnjax.train(SMALL, params, XS, YS, **options)

    in_one_loop = jax.jit(jax.vmap(run))(starts(SMALL))
    monkeypatch.setattr(loops, "MOST_RESULTS", 0)
    assert agree(in_one_loop, jax.jit(jax.vmap(lambda params: run(params)))(starts(SMALL)), 1e-12)
    assert in_one_loop[1].curves["loss"].shape == (48, 3)


def carry(optimizer, network):
    params = nnjax.nodewise.split(drawn(network, nnjax.key(0)))
    return params, optimizer.init(params)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize(
    "sizes, optimizer, small",
    [
        ((2, 2, 1), optax.sgd(0.1), True),
        ((2, 3, 1), optax.sgd(0.1), True),
        ((2, 2, 2, 1), optax.sgd(0.1), False),  # too many operations
        ((2, 2, 1), optax.sgd(0.1, 0.9), False),  # too many results
        ((2, 1), optax.adam(0.1), False),  # Adam's count is not a float
    ],
)
def test_what_fits(sizes, optimizer, small):
    network = nnjax.mlp(sizes)
    rows = [tuple(tuple(map(jnp.asarray, row)) for row in part) for part in (XS, YS)]

    def step(carry):
        params, state = carry
        grads = nnjax.nodewise.scalar_gradients(network, params, *rows, LOSSES["sse"])
        updates, state = optimizer.update(grads, state, params)
        return optax.apply_updates(params, updates), state

    assert loops.fits(step, carry(optimizer, network)) == small


def test_other_versions_and_gpus_take_a_step_as_it_is(monkeypatch):
    scalars = [jnp.zeros(()), jnp.ones(())]
    for where, name, value in ((loops, "REDUCE", False), (kernels, "on_nvidia", lambda: True)):
        with monkeypatch.context() as patch:
            patch.setattr(where, name, value)
            assert all(a is b for a, b in zip(loops.together(scalars), scalars, strict=True))
    monkeypatch.setattr(loops, "REDUCE", False)
    assert not loops.fits(lambda carry: carry, scalars)


def test_a_seed_alone_has_its_bits_among_many():
    def fn(key):
        params = drawn(SMALL, key)
        return nnjax.train(SMALL, params, XS, YS, optimizer=optax.sgd(2.0), epochs=50, view="nodes")[0]

    many = nnjax.sweep(fn, np.arange(700))
    for seed in (0, 127, 128, 699):
        alone = nnjax.sweep(fn, [seed])
        for a, b in zip(jax.tree.leaves(alone), jax.tree.leaves(many), strict=True):
            assert a[0].tobytes() == b[seed].tobytes()
