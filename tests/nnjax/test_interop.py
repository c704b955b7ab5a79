"""Conversion to and from Flax keeps outputs and gradients; networks without a Flax equivalent are refused."""

import itertools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import gradients
from flax import linen, nnx

import nnjax
from nnjax import interop

NETWORKS = {
    "handout": nnjax.mlp((3, 4, 1)),
    "no biases": nnjax.mlp((3, 4, 2), "tanh", biases=False),
    **{
        name: nnjax.mlp((3, 5, 4, 2), name, "identity")
        for name, activation in nnjax.ACTIVATIONS.items()
        if activation.flax
    },
}
XS = np.random.default_rng(0).normal(size=(6, 3))


predict = jax.jit(jax.vmap(nnjax.predict, (None, None, 0)), static_argnums=0)


def drawn(network):
    rng = np.random.default_rng(1)
    return tuple(
        nnjax.Layer(
            jnp.asarray(rng.normal(size=shape)), jnp.asarray(rng.normal(size=shape[1]) * network.biases)
        )
        for shape in itertools.pairwise(network.sizes)
    )


def made(name):
    network = NETWORKS[name]
    return network, drawn(network), np.random.default_rng(1).normal(size=(6, network.sizes[-1]))


def sse_of(module, ys):
    """Make a function that maps a Linen module's variables to the SSE."""
    return lambda variables: jnp.sum((module.apply(variables, XS) - ys) ** 2)


@pytest.mark.parametrize("name", NETWORKS)
def test_linen_computes_the_same(name):
    network, params, ys = made(name)
    module, variables = interop.linen_module(network), interop.to_linen(network, params)
    ours = predict(network, params, jnp.asarray(XS))
    np.testing.assert_allclose(jax.jit(module.apply)(variables, XS), ours, rtol=1e-12)
    grads = jax.jit(jax.grad(sse_of(module, ys)))(variables)
    expected = gradients(network, params, XS, ys)
    chex.assert_trees_all_close(interop.from_linen(network, grads), expected, rtol=1e-12, atol=1e-14)
    chex.assert_trees_all_equal(interop.from_linen(network, variables), params)


@pytest.mark.parametrize("name", NETWORKS)
def test_nnx_computes_the_same(name):
    network, params, ys = made(name)
    model = interop.to_nnx(network, params)
    ours = predict(network, params, jnp.asarray(XS))
    np.testing.assert_allclose(nnx.jit(lambda m: m(jnp.asarray(XS)))(model), ours, rtol=1e-12)
    grads = nnx.jit(nnx.grad(lambda m: jnp.sum((m(jnp.asarray(XS)) - ys) ** 2)))(model)
    expected = gradients(network, params, XS, ys)
    for index, layer in enumerate(expected):
        linear = grads["layers"][index]
        np.testing.assert_allclose(linear["kernel"][...], layer.weights, rtol=1e-12, atol=1e-14)
        if network.biases:
            np.testing.assert_allclose(linear["bias"][...], layer.biases, rtol=1e-12, atol=1e-14)
    chex.assert_trees_all_equal(interop.from_nnx(network, model), params)


def test_flaxs_own_initial_parameters_come_over():
    network = nnjax.mlp((3,) + (4,) * 11 + (2,))
    variables = jax.jit(interop.linen_module(network).init)(nnjax.key(0), XS.astype(np.float32))
    assert len(variables["params"]) == 12
    params = interop.from_linen(network, variables)
    chex.assert_trees_all_equal(params[11].weights, variables["params"]["Dense_11"]["kernel"])


OPTIMIZERS = {
    "sgd": optax.sgd(0.1),
    "momentum": optax.sgd(0.1, 0.9),
    "adam": optax.adam(0.1),
    "rmsprop": optax.rmsprop(0.01),
    "clipped adamw": optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(0.1)),
}


def trained(network, params, ys, optimizer):
    """Train with nnjax, compiled as one program."""
    with jax.numpy_dtype_promotion("standard"):  # Optax's Adam mixes dtypes
        return jax.jit(lambda p: nnjax.train(network, p, XS, ys, optimizer=optimizer, epochs=5)[0])(params)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optax_optimiser_trains_linen_alike(optimizer):
    network, params, ys = made("handout")
    module, variables = interop.linen_module(network), interop.to_linen(network, params)

    @jax.jit
    def step(variables, state):
        updates, state = optimizer.update(jax.grad(sse_of(module, ys))(variables), state, variables)
        return optax.apply_updates(variables, updates), state

    with jax.numpy_dtype_promotion("standard"):
        state = jax.jit(optimizer.init)(variables)
        for _ in range(5):
            variables, state = step(variables, state)
    ours = trained(network, params, ys, optimizer)
    chex.assert_trees_all_close(interop.from_linen(network, variables), ours, rtol=1e-10)


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_an_optax_optimiser_trains_nnx_alike(optimizer):
    network, params, ys = made("handout")
    model = interop.to_nnx(network, params)
    trainer = nnx.Optimizer(model, optimizer, wrt=nnx.Param)

    @nnx.jit
    def step(model, trainer):
        trainer.update(model, nnx.grad(lambda m: jnp.sum((m(jnp.asarray(XS)) - ys) ** 2))(model))

    with jax.numpy_dtype_promotion("standard"):
        for _ in range(5):
            step(model, trainer)
    ours = trained(network, params, ys, optimizer)
    chex.assert_trees_all_close(interop.from_nnx(network, model), ours, rtol=1e-10)


def test_one_name_for_every_node_is_one_for_the_layer():
    listed, single = (
        nnjax.Network((3, 4, 1), (("relu",) * 4, "identity")),
        nnjax.mlp((3, 4, 1), "relu", "identity"),
    )
    params = drawn(single)
    np.testing.assert_array_equal(
        interop.linen_module(listed).apply(interop.to_linen(listed, params), XS),
        interop.linen_module(single).apply(interop.to_linen(single, params), XS),
    )


def test_what_flax_has_no_layer_for():
    network = nnjax.Network((2, 2, 1), (("relu", "tanh"), "identity"))
    params = drawn(network)
    for make in (interop.to_linen, interop.to_nnx):
        with pytest.raises(ValueError, match=r"layer 1 has different activations.*Flax has no such layer"):
            make(network, params)


def test_an_activation_without_a_flax_function(monkeypatch):
    sine = nnjax.Activation(jnp.sin, lambda z, a: jnp.cos(z), odd=True)
    monkeypatch.setitem(nnjax.ACTIVATIONS, "sine", sine)
    network = nnjax.mlp((3, 4, 1), "sine")
    params = drawn(network)
    for make in (interop.to_linen, interop.to_nnx):
        with pytest.raises(ValueError, match="activation 'sine' names no Flax function; accepted: sigmoid, "):
            make(network, params)


def test_parameters_of_another_network_are_refused():
    _, params, _ = made("no biases")
    for make in (interop.to_linen, interop.to_nnx):
        with pytest.raises(ValueError, match="params have shapes"):
            make(NETWORKS["handout"], params)


@pytest.mark.parametrize(
    "variables, message",
    [
        ({"kernel": 1}, "variables must be Flax's"),
        ({"params": None}, "variables must be Flax's"),
        ({"params": []}, "variables must be Flax's"),
        ({"params": {}}, "variables must be Flax's"),
        ({"params": {"Conv_0": {"scale": 1}}}, "'Conv_0' is not a dense layer"),
        (
            {"params": {"Dense_0": {"kernel": 1}}, "batch_stats": {"BatchNorm_0": {"mean": 1}}},
            "variables contain batch_stats as well as 'params'",
        ),
        ({"params": {"Dense_0": {"kernel": np.zeros((3, 4))}}}, "layers have biases"),
        ({"params": {"Dense_0": {"kernel": np.zeros((3, 4)), "bias": np.zeros(4)}}}, "params have shapes"),
    ],
)
def test_other_variables_are_refused(variables, message):
    with pytest.raises(ValueError, match=message):
        interop.from_linen(NETWORKS["handout"], variables)


def named(*names):
    network, params, _ = made("handout")
    entries = interop.to_linen(network, params)["params"].values()
    return network, params, {"params": dict(zip(names, entries, strict=True))}


@pytest.mark.parametrize(
    "names", [("layers_2", "layers_10"), ("fc1", "fc2"), ("block1_dense1", "block1_dense2")]
)
def test_layers_come_in_the_order_of_their_numbers(names):
    network, params, variables = named(*names)
    backwards = {"params": dict(reversed(variables["params"].items()))}
    chex.assert_trees_all_equal(interop.from_linen(network, backwards), params)


@pytest.mark.parametrize(
    "names", [("hidden", "output"), ("hidden", "output_1"), ("a1", "b1"), ("a2", "b1"), ("fc1", "fc01")]
)
def test_names_that_say_no_order_are_refused(names):
    """An optax step sorts a mapping by name, so layers of equal widths would silently change places."""
    network, _, variables = named(*names)
    with pytest.raises(ValueError, match="have no numbers that say which comes first"):
        interop.from_linen(network, variables)


def test_one_layer_needs_no_number():
    variables = {"params": {"out": {"kernel": np.ones((3, 1)), "bias": np.ones(1)}}}
    assert interop.from_linen(nnjax.mlp((3, 1)), variables)[0].weights.shape == (3, 1)


def test_partitioned_parameters_are_unboxed():
    network, params, _ = made("handout")
    boxed = jax.tree.map(
        lambda leaf: linen.Partitioned(leaf, (None,) * leaf.ndim), interop.to_linen(network, params)
    )
    chex.assert_trees_all_equal(interop.from_linen(network, boxed), params)


class Named(nnx.Module):
    """A module that has its layers as attributes, which is a common style."""

    def __init__(self, **layers):
        for name, layer in layers.items():
            setattr(self, name, layer)


def linears():
    return nnx.Linear(3, 4, rngs=nnx.Rngs(0)), nnx.Linear(4, 1, rngs=nnx.Rngs(1))


@pytest.mark.parametrize(
    "make",
    [
        lambda first, second: nnx.Sequential(first, nnx.sigmoid, second, nnx.sigmoid),
        lambda first, second: Named(fc1=first, fc2=second),
        lambda first, second: Named(fc10=second, fc9=first),
    ],
    ids=["a sequence", "attributes", "by number, not by alphabet"],
)
def test_nnx_modules_of_other_making(make):
    first, second = linears()
    params = interop.from_nnx(NETWORKS["handout"], make(first, second))
    chex.assert_trees_all_equal([layer.weights for layer in params], [first.kernel[...], second.kernel[...]])


class Elsewhere:
    """Not a Flax module."""

    layers = 3


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda *_: linen.Dense(3), r"nnx\.Linear layers.*got none"),
        (lambda *_: Elsewhere(), r"nnx\.Linear layers.*got none"),
        (
            lambda *both: nnx.Sequential(*both, nnx.BatchNorm(1, rngs=nnx.Rngs(0))),
            "got Linear, Linear, BatchNorm",
        ),
        (
            lambda first, second: Named(hidden=first, output=second),
            "have no numbers that say which comes first",
        ),
        (
            lambda *both: Named(layers=nnx.List(both), head=linears()[1]),
            "module has head as well as its layers",
        ),
        (
            lambda first, second: Named(fc1=first, fc2=second, scale=nnx.Param(jnp.ones(1))),
            "module has scale as well as its layers",
        ),
    ],
)
def test_other_modules_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        interop.from_nnx(NETWORKS["handout"], make(*linears()))


class Nested(linen.Module):
    """A module whose outer layer is made first but acts last."""

    @linen.compact
    def __call__(self, x):
        return linen.Dense(3)(linen.tanh(linen.Dense(3)(x)))


def test_layers_called_in_another_order_than_made_need_it_said():
    network, x = nnjax.mlp((3, 3, 3), "tanh", "identity"), jnp.float32([[1, 2, 3]])
    variables = Nested().init(jax.random.key(0), x)
    with pytest.raises(ValueError, match="layers were called in the order Dense_1, Dense_0"):
        interop.from_linen(network, variables)
    params = interop.from_linen(network, variables, order=["Dense_1", "Dense_0"])
    np.testing.assert_allclose(
        nnjax.predict_batch(network, params, x), Nested().apply(variables, x), rtol=1e-6
    )


@pytest.mark.parametrize("order", [["hidden"], ["hidden", "out", "out"], "hidden", ["hidden", "other"]])
def test_an_order_names_each_layer(order):
    network, _, variables = named("hidden", "out")
    with pytest.raises(ValueError, match="order must name each of the layers hidden, out, got"):
        interop.from_linen(network, variables, order)


def test_layers_of_any_name_come_in_the_order_said():
    network, params, variables = named("z", "a")
    chex.assert_trees_all_equal(interop.from_linen(network, variables, ["z", "a"]), params)
    first, second = linears()
    params = interop.from_nnx(network, Named(output=second, hidden=first), order=["hidden", "output"])
    chex.assert_trees_all_equal([layer.weights for layer in params], [first.kernel[...], second.kernel[...]])


@pytest.mark.parametrize(
    "make", [nnx.Sequential, lambda *both: Named(layers=nnx.List(both))], ids=["a sequence", "a list"]
)
def test_layers_that_are_in_order_take_no_other(make):
    with pytest.raises(ValueError, match=r"order must be None for a module with `layers`.* got \['b', 'a'\]"):
        interop.from_nnx(NETWORKS["handout"], make(*linears()), order=["b", "a"])


def test_dropout_and_a_module_within_a_module_are_passed():
    first, second = linears()
    drop = nnx.Dropout(0.1, rngs=nnx.Rngs(0))
    for module in (
        Named(fc1=first, drop=drop, fc2=second),
        nnx.Sequential(first, nnx.sigmoid, drop, second),
        Named(net=nnx.Sequential(first, nnx.sigmoid, second)),
    ):
        params = interop.from_nnx(NETWORKS["handout"], module)
        chex.assert_trees_all_equal(
            [layer.weights for layer in params], [first.kernel[...], second.kernel[...]]
        )
