"""Training in C++ is gradient descent: held against jax.grad in float64, with each seed's bits its own."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.native import _rate, compiling
from nnjax.shuffle import permutation

needs_compiler = pytest.mark.skipif(not compiling.available(), reason="there is no C++ compiler here")
slow = [pytest.mark.slow, needs_compiler]  # each case compiles a library, for two seconds
CASES = {
    "lanes": (nnjax.mlp((3, 4, 1)), 5, None),
    "lanes, no biases": (nnjax.Network((2, 5, 3, 2), ("tanh", "relu", "identity"), biases=False), 4, None),
    "batches": (nnjax.mlp((20, 33, 10)), 27, 10),
    "batches, no biases": (nnjax.Network((5, 17, 9, 3), ("relu", "tanh", "identity"), biases=False), 21, 7),
}
MORE_CASES = {
    "no hidden layer, one row": (nnjax.mlp((3, 2)), 1, None),
    "row by row": (nnjax.mlp((4, 3, 2)), 5, 1),
    "all rows, which a key does not reorder": (nnjax.mlp((4, 3, 2)), 6, 6),
}
SEEDS = np.arange(37)


def key_of(seed):
    return jax.random.key(seed, impl="threefry2x32")  # what nnjax.key makes of a number that is known


def data(network, rows):
    random = np.random.default_rng(3)
    return (
        random.normal(size=(rows, network.sizes[0])).astype(np.float32),
        random.uniform(size=(rows, network.sizes[-1])).astype(np.float32),
    )


def draw(network, key):
    scale = "zeros" if not network.biases else "normal"
    return nnjax.init(network, key, "lecun_normal", scale, dtype=np.float32)


def rate_of(key):
    """Draw a learning rate between 0.02 and 0.04."""
    return jax.random.uniform(jax.random.fold_in(key, 1), dtype=np.float32, minval=0.02, maxval=0.04)


def trainer(network, rows, batch_size, view="native", **options):
    """Return a function of a key that draws parameters, a rate and an order of its own, and trains."""
    xs, ys = data(network, rows)

    def train(key):
        return nnjax.train(
            network,
            draw(network, key),
            xs,
            ys,
            batch_size=batch_size,
            key=None if batch_size is None else key,
            view=view,
            **{"epochs": 3, "optimizer": optax.sgd(rate_of(key)), **options},
        )

    return train


def by_jax_grad(network, rows, batch_size, seed, slip=1.0):
    """Descend along JAX's own gradient in float64, batch by batch, in nnjax's order of the rows."""
    xs, ys = (part.astype(float) for part in data(network, rows))
    key = key_of(seed)
    params = jax.tree.map(lambda leaf: leaf.astype(float), draw(network, key))
    rate = float(rate_of(key))

    @jax.jit
    def update(params, xs, ys):
        def loss(params):
            return jnp.sum((ys - nnjax.predict_batch(network, params, xs)) ** 2)

        grads = jax.grad(loss)(params)
        if not network.biases:
            grads = tuple(layer._replace(biases=jnp.zeros_like(layer.biases)) for layer in grads)
        return jax.tree.map(lambda w, g: w - slip * rate * g, params, grads)

    for epoch in range(3):
        order = np.arange(rows)
        if batch_size not in (None, rows):
            order = np.asarray(permutation(jax.random.fold_in(key, epoch), rows))
        for first in range(0, rows, batch_size or rows):
            chosen = order[first : first + (batch_size or rows)]
            params = update(params, xs[chosen], ys[chosen])
    return params


def seeds_params(stacked, seed):
    return jax.tree.map(lambda leaf: np.asarray(leaf[seed], float), stacked)


def distance(params, expected):
    """Return the largest difference, relative to the largest weight of each array."""
    pairs = zip(jax.tree.leaves(params), jax.tree.leaves(expected), strict=True)
    return max(float(np.max(np.abs(a - b)) / max(np.max(np.abs(b)), 1e-30)) for a, b in pairs)


@pytest.fixture(params=["lanes", "batches"])
def case(request):
    return CASES[request.param]


@needs_compiler
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[] if name == "lanes" else pytest.mark.slow)
        for name, case in (CASES | MORE_CASES).items()
    ],
)
def test_it_is_gradient_descent(case):
    trained = jax.jit(jax.vmap(lambda seed: trainer(*case)(key_of(seed))[0]))(SEEDS)
    for seed in (0, 36):
        params = seeds_params(trained, seed)
        assert distance(params, by_jax_grad(*case, seed)) < 1e-6
        assert distance(params, by_jax_grad(*case, seed, slip=1.01)) > 1e-6


@needs_compiler
@pytest.mark.slow
def test_many_rows_in_one_batch():
    """The rows of a tiny network, in vectors: 10 MB, for which no thread's stack has room."""
    case = (nnjax.mlp((2, 2, 1)), 50_000, None)
    options = {"epochs": 1, "optimizer": optax.sgd(np.float32(1e-6))}
    native, _ = jax.jit(trainer(*case, **options))(key_of(0))
    matrix, _ = jax.jit(trainer(*case, view="matrix", **options))(key_of(0))
    assert distance(native, matrix) < 1e-5


class TestTraining:
    pytestmark = slow

    def test_a_seeds_bits_are_its_own(self, case):
        train = trainer(*case)
        among, alone = nnjax.sweep(train, SEEDS), nnjax.sweep(train, [36])
        inside = jax.jit(lambda seed: jax.vmap(lambda s: train(key_of(s))[0])(seed + jnp.arange(2)))
        for several, single, both in zip(
            jax.tree.leaves(among[0]), jax.tree.leaves(alone[0]), jax.tree.leaves(inside(35)), strict=True
        ):
            assert several[36].tobytes() == single[0].tobytes() == np.asarray(both[1]).tobytes()

    @pytest.mark.parametrize("name", ["params", "xs", "ys", "rate", "key"])
    def test_only_equal_seeds_at_the_end_are_trained_once(self, case, name):
        """The seeds differ in one thing alone; a seed that differs from the one before is no copy of it."""
        network, rows, batch_size = case
        xs, ys = data(network, rows)
        one = {
            "params": draw(network, key_of(1)),
            "xs": xs,
            "ys": ys,
            "rate": np.float32(0.02),
            "key": key_of(1),
        }
        other = {
            "params": draw(network, key_of(2)),
            "xs": xs / 2,
            "ys": ys / 2,
            "rate": np.float32(0.03),
            "key": key_of(2),
        }

        def train(rate, key, **given):
            order = {"batch_size": batch_size, "key": None if batch_size is None else key}
            options = {"optimizer": optax.sgd(rate), "epochs": 2, "view": "native", **order}
            return nnjax.train(network, **given, **options)[0]

        axes = {each: 0 if each == name else None for each in one}
        many = jax.jit(jax.vmap(lambda given: train(**given), in_axes=(axes,)))
        alone = [jax.jit(lambda given: train(**given))(one | {name: of[name]}) for of in (one, other)]
        for places in ((0, 1), (0, 1, 1), (1, 0, 0, 0)):
            values = jax.tree.map(
                lambda *pair, at=places: jnp.stack([pair[k] for k in at]), one[name], other[name]
            )
            found = many(one | {name: values})
            for seed, place in enumerate(places):
                for got, expected in zip(jax.tree.leaves(found), jax.tree.leaves(alone[place]), strict=True):
                    assert np.asarray(got[seed]).tobytes() == np.asarray(expected).tobytes()

    def test_a_seed_that_diverges_harms_no_other(self, case):
        network, rows, batch_size = case
        params, (xs, ys) = draw(network, key_of(1)), data(network, rows)

        def train(rate):
            options = {"optimizer": optax.sgd(rate), "epochs": 3, "batch_size": batch_size, "view": "native"}
            return nnjax.train(network, params, xs, ys, **options)[0]

        beside = jax.jit(jax.vmap(train))(np.array([np.inf, 0.02, np.nan, 0.02], np.float32))
        for several, single in zip(
            jax.tree.leaves(beside), jax.tree.leaves(train(np.float32(0.02))), strict=True
        ):
            assert np.isnan(several[0]).any()
            assert several[1].tobytes() == several[3].tobytes() == np.asarray(single).tobytes()

    def test_each_device_computes_its_own_seeds(self, case):
        from nnjax.sweeps import lanes

        mesh = lanes.sharding(jax.devices()[:2])
        program = jax.jit(
            jax.vmap(lambda seed: trainer(*case)(key_of(seed))[0]), in_shardings=mesh, out_shardings=mesh
        )
        text = str(program.lower(np.arange(8)).compile().as_text())
        assert "nnjax_native_" in text
        assert "all-gather" not in text
        usual = jax.jit(jax.vmap(lambda seed: trainer(*case)(key_of(seed))[0]))(np.arange(8))
        for one, other in zip(jax.tree.leaves(program(np.arange(8))), jax.tree.leaves(usual), strict=True):
            assert np.asarray(one).tobytes() == np.asarray(other).tobytes()

    def test_vmap_in_vmap(self, case):
        train = trainer(*case, epochs=1)
        grid = jax.jit(jax.vmap(jax.vmap(lambda seed: train(key_of(seed))[0])))(np.arange(6).reshape(2, 3))
        row = jax.jit(jax.vmap(lambda seed: train(key_of(seed))[0]))(np.arange(6))
        for one, other in zip(jax.tree.leaves(grid), jax.tree.leaves(row), strict=True):
            assert np.reshape(one, np.shape(other)).tobytes() == np.asarray(other).tobytes()

    def test_training_goes_on_where_it_stopped(self, case):
        key = nnjax.key(4)
        whole, _ = trainer(*case)(key)
        xs, ys = data(case[0], case[1])
        options = {"optimizer": optax.sgd(rate_of(key)), "batch_size": case[2], "view": "native"}
        options["key"] = None if case[2] is None else key
        params, history = nnjax.train(
            case[0], draw(case[0], key), xs, ys, epochs=1, resumable=True, **options
        )
        params, _ = nnjax.train(case[0], params, xs, ys, epochs=2, resume=history, **options)
        for one, other in zip(jax.tree.leaves(params), jax.tree.leaves(whole), strict=True):
            assert np.asarray(one).tobytes() == np.asarray(other).tobytes()
        with pytest.raises(ValueError, match="resume goes on in view='native', got 'matrix'"):
            nnjax.train(case[0], params, xs, ys, epochs=2, resume=history, **{**options, "view": "matrix"})

    def test_curves_and_stops(self, case):
        stop = nnjax.Stop(validation=data(case[0], case[1]), patience=2)
        keys = jax.vmap(key_of)(np.arange(3))
        found = {
            view: jax.jit(jax.vmap(trainer(*case, view=view, record_every=1, stop=stop)))(keys)[1]
            for view in ("native", "matrix")
        }
        for name, curve in found["matrix"].curves.items():
            np.testing.assert_allclose(found["native"].curves[name], curve, rtol=2e-5)
        np.testing.assert_array_equal(found["native"].best_epoch, found["matrix"].best_epoch)


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("name, units", [("sigmoid", 3), ("tanh", 3), ("relu", 0), ("identity", 0)])
def test_activations_to_three_units_in_the_last_place(name, units):
    """With output weight 0 and label -½, one update at rate 1 turns that weight into -a."""
    random = np.random.default_rng(5)
    z = [random.uniform(-86, 86, 20_000), random.normal(size=20_000), np.geomspace(1e-12, 1, 999)]
    z = np.concatenate(z).astype(np.float32)
    network = nnjax.Network((1, 1, 1), (name, "identity"))
    xs, ys = np.ones((1, 1), np.float32), np.full((1, 1), -0.5, np.float32)

    def after(z):
        first, last = nnjax.Layer(z.reshape(1, 1), jnp.zeros(1, np.float32)), np.zeros((1, 1), np.float32)
        params = (first, nnjax.Layer(jnp.asarray(last), jnp.zeros(1, np.float32)))
        trained, _ = nnjax.train(network, params, xs, ys, optimizer=optax.sgd(1.0), epochs=1, view="native")
        return -trained[1].weights[0, 0]

    exact = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "identity": lambda z: z,
    }[name](z.astype(float))
    unit = np.spacing(np.maximum(np.abs(exact), np.finfo(np.float32).tiny).astype(np.float32))
    assert np.max(np.abs(np.asarray(jax.jit(jax.vmap(after))(z), float) - exact) / unit) <= units


XOR = [np.asarray(part, np.float32) for part in nnjax.datasets.xor()]
NETWORK = nnjax.mlp((2, 2, 1))
PARAMS = nnjax.init(NETWORK, nnjax.key(0), dtype=np.float32)


def by_the_norm():
    """Scale by the norm of the parameters: one number for all gradients, but another one in each update."""
    return optax.stateless(
        lambda grads, params: jax.tree.map(lambda g: -0.1 / optax.tree.norm(params) * g, grads)
    )


REFUSED = {
    "a rate that follows the parameters": by_the_norm(),
    "momentum": optax.sgd(0.1, momentum=0.9),
    "adam": optax.adam(0.1),
    "clipping": optax.chain(optax.clip(1.0), optax.sgd(0.1)),
    "clipping by the norm": optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(0.1)),
    "a schedule": optax.sgd(optax.constant_schedule(0.1)),
    "weight decay": optax.chain(optax.add_decayed_weights(0.1), optax.sgd(0.1)),
    "the sign": optax.sign_sgd(0.1),
    "Polyak's rate": optax.polyak_sgd(),
    "two rates": optax.partition({"a": optax.sgd(0.1), "b": optax.sgd(0.2)}, ("a", "b")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_optimisers_are_refused(name):
    with pytest.raises(ValueError, match=re.escape("optimizer must be optax.sgd(rate), without momentum")):
        nnjax.train(NETWORK, PARAMS, *XOR, optimizer=REFUSED[name], epochs=1, view="native")


def test_the_rate_is_read():
    assert float(_rate(optax.sgd(0.1), PARAMS)) == np.float32(0.1)
    assert float(_rate(optax.scale(-0.3), PARAMS)) == np.float32(0.3)
    for rate in (0.1, 1, np.float64(0.1), jnp.asarray(0.1, jnp.bfloat16), float("nan")):
        as_given = np.float32(rate)
        read = jax.jit(lambda rate: _rate(optax.sgd(rate), PARAMS))
        with jax.numpy_dtype_promotion("standard"):
            np.testing.assert_array_equal([_rate(optax.sgd(rate), PARAMS), read(rate)], [as_given] * 2)
    rates = jnp.arange(3, dtype=np.float32)
    read = jax.jit(jax.vmap(lambda rate: _rate(optax.sgd(rate * 2), PARAMS)))(rates)
    np.testing.assert_array_equal(read, 2 * rates)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"loss": "binary_cross_entropy"}, 'needs the loss "sse"'),
        ({"row_weights": np.ones(4, np.float32)}, "without row_weights"),
        (
            {"network": nnjax.mlp((2, 2, 1), "softplus")},
            "knows the activations identity, sigmoid, tanh, relu; layer 1",
        ),
        ({"params": jax.tree.map(lambda leaf: leaf.astype(float), PARAMS)}, "in float32 only, got float64"),
    ],
)
def test_what_it_does_not_know_is_refused(change, message):
    network = change.get("network", NETWORK)
    if "loss" in change:
        network = nnjax.mlp((2, 2, 1), "sigmoid", "identity")
    params, options = (
        change.get("params", PARAMS),
        {k: v for k, v in change.items() if k in ("loss", "row_weights")},
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        nnjax.train(network, params, *XOR, optimizer=optax.sgd(0.1), epochs=1, view="native", **options)
