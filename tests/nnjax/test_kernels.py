"""A kernel of many runs computes the same as a scan; JAX interprets the kernels, so that no GPU is needed."""

import contextlib
import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import kernels
from nnjax.losses import LOSSES

DATA = nnjax.datasets.xor()
RUNS = 96


def momentum(key, rate, network=None, **options):
    """Train a float32 network so small that it fits into a kernel, given one run's key and rate."""
    network = network or nnjax.mlp((2, 2, 1))
    params = nnjax.init(network, key, "lecun_normal", "normal")
    settings = {"optimizer": optax.sgd(rate, np.float32(0.9)), "epochs": 20, "view": "nodes"} | options
    return nnjax.train(network, params, DATA.xs, DATA.ys, **settings)


def over_runs(fn):
    seeds, rates = jnp.arange(RUNS, dtype=jnp.uint32), jnp.linspace(0.1, 1, RUNS, dtype=jnp.float32)
    return jax.jit(jax.vmap(lambda seed, rate: fn(jax.random.key(seed, impl="threefry2x32"), rate)))(
        seeds, rates
    )


@pytest.fixture
def on_nvidia(monkeypatch):
    """Make JAX believe that there is an NVIDIA GPU."""
    monkeypatch.setattr(kernels, "on_nvidia", lambda: True)


@pytest.fixture
def interpreted(monkeypatch, on_nvidia):
    """Interpret kernels, and return the arguments that each kernel was given."""
    called = []

    def chosen(*arguments, cuda, default):
        called.append(arguments)
        return functools.partial(cuda, interpret=True)(*arguments)

    monkeypatch.setattr(jax.lax, "platform_dependent", chosen)
    return called


def largest_difference(got, want):
    pairs = zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True)
    return max(float(np.max(np.abs(a - b) / (np.abs(b) + 1e-2))) for a, b in pairs)


@pytest.mark.slow
def test_training_in_a_kernel_is_training(interpreted, monkeypatch):
    got = over_runs(momentum)
    assert len(interpreted) == 1
    monkeypatch.setattr(kernels, "on_nvidia", lambda: False)
    want = over_runs(lambda key, rate: momentum(key, rate))
    assert len(interpreted) == 1
    assert largest_difference(got, want) < 1e-4
    assert largest_difference(got, jax.tree.map(lambda leaf: leaf[::-1], want)) > 1e-2


@pytest.mark.parametrize("block", [32, 64, 128])
def test_a_kernel_has_the_bits_of_a_scan(block):
    def step(rate, w, v):
        v = np.float32(0.9) * v - rate * jnp.tanh(w) * (1 - w * w)
        return jnp.where(v > 0, w + v, w + v * 2), v

    together = jax.vmap(step, in_axes=(None, 0, 0))
    w = jnp.linspace(-2, 2, 3 * block, dtype=jnp.float32)
    arguments = jnp.float32(0.1), w, w[::-1]
    by_kernel = jax.jit(functools.partial(kernels.kernel, together, 1, 50, interpret=True))(*arguments)
    by_scan = jax.jit(functools.partial(kernels.scan, together, 1, 50))(*arguments)
    for got, want in zip(by_kernel, by_scan, strict=True):
        np.testing.assert_array_equal(got, want, strict=True)
    assert not np.array_equal(by_scan[0], w)


def program(fn, *arguments):
    return jax.make_jaxpr(fn)(*arguments).jaxpr


NUMBER = jnp.float32(0.5)


@pytest.mark.parametrize(
    "fn, argument",
    [
        (lambda w: w * w, jnp.float64(0.5)),
        (lambda w: jnp.stack([w, w])[0], NUMBER),
        (lambda w: w * w, jnp.ones(2, jnp.float32)),
        (lambda w: jax.lax.erf_inv(w), NUMBER),
        (lambda w: functools.reduce(lambda a, _: a * w, range(kernels.MOST_OPERATIONS + 1), w), NUMBER),
    ],
    ids=["float64", "arrays inside", "an array", "an operation without a kernel", "too many operations"],
)
def test_what_does_not_fit_is_left_to_a_scan(fn, argument):
    assert not kernels.fits(program(fn, argument))


def test_what_is_computed_in_vain_does_not_count():
    def step(w):
        _ = jnp.stack([w, w])
        return w * w

    assert kernels.fits(program(step, NUMBER))


def test_a_loss_that_couples_the_outputs_is_scanned(interpreted):
    network = nnjax.mlp((2, 2, 2), output="identity")
    ys = np.concatenate([DATA.ys, 1 - DATA.ys], axis=1)

    def fn(key, rate, loss):
        params = nnjax.init(network, key)
        options = {"optimizer": optax.sgd(rate), "epochs": 2, "view": "nodes", "loss": loss}
        return nnjax.train(network, params, DATA.xs, ys, **options)

    jax.eval_shape(
        jax.vmap(functools.partial(fn, loss="softmax_cross_entropy")), keys(), jnp.ones(RUNS, jnp.float32)
    )
    assert not interpreted
    both = functools.partial(fn, loss="binary_cross_entropy")
    jax.eval_shape(jax.vmap(both), keys(), jnp.ones(RUNS, jnp.float32))
    assert len(interpreted) == 1


def keys():
    return jax.vmap(functools.partial(jax.random.key, impl="threefry2x32"))(
        jnp.arange(RUNS, dtype=jnp.uint32)
    )


@pytest.mark.parametrize("name", [name for name, loss in LOSSES.items() if loss.per_node])
def test_a_loss_called_per_node_is(name):
    y, y_hat = np.array([0.2, 1.0]), np.array([0.7, -0.3])
    whole = LOSSES[name].derivative(jnp.asarray(y), jnp.asarray(y_hat))
    apart = [LOSSES[name].derivative(jnp.asarray(a), jnp.asarray(b)) for a, b in zip(y, y_hat, strict=True)]
    np.testing.assert_allclose(whole, apart, rtol=1e-15)


def test_few_runs_or_one_are_scanned(interpreted):
    rates = jnp.full(33, 0.5, jnp.float32)
    one = jax.eval_shape(momentum, keys()[0], rates[0])
    few = jax.eval_shape(jax.vmap(momentum), keys()[:33], rates)
    assert not interpreted
    for leaf, leaf_of_few in zip(jax.tree.leaves(one), jax.tree.leaves(few), strict=True):
        assert leaf_of_few.shape == (33, *leaf.shape)


def test_where_training_may_stop_it_is_scanned(interpreted):
    jax.eval_shape(
        jax.vmap(functools.partial(momentum, stop=nnjax.Stop())), keys(), jnp.ones(RUNS, jnp.float32)
    )
    assert not interpreted


def lowered(fn):
    """Make the program for a GPU on a machine without a GPU."""
    with abstract_gpu():
        traced = jax.jit(jax.vmap(fn)).trace(keys(), jax.ShapeDtypeStruct((RUNS,), np.float32))
        return traced.lower(lowering_platforms=("cuda",)).as_text()


def abstract_gpu():
    """Describe the GPU that a kernel is for, as newer versions of JAX require."""
    try:
        device = jax.sharding.AbstractDevice(device_kind="NVIDIA H100", num_cores=132, platform="gpu")
    except (AttributeError, TypeError):
        return contextlib.nullcontext()
    mesh = jax.sharding.AbstractMesh((), (), abstract_device=device)
    return jax.sharding.use_abstract_mesh(mesh)


@pytest.mark.parametrize("optimizer", [optax.adam, optax.rmsprop], ids=["adam", "rmsprop"])
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh"])
def test_a_gpu_gets_a_kernel(on_nvidia, hidden, optimizer):
    network = nnjax.mlp((2, 2, 1), hidden=hidden)
    with jax.enable_x64(False), jax.numpy_dtype_promotion("standard"):  # Adam's powers mix types
        assert "triton" in lowered(lambda key, rate: momentum(key, rate, network, optimizer=optimizer(rate)))


def test_a_program_for_another_device_has_none():
    assert "triton" not in lowered(momentum)
