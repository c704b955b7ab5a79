"""Test that 50 epochs and 50 more equal 100, bit for bit, and test users' own measures and row weights."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.views import VIEWS

LONG = True
NETWORK = nnjax.mlp((2, 3, 1))
XS, YS = np.random.default_rng(0).normal(size=(7, 2)), np.random.default_rng(1).uniform(size=(7, 1))
OPTIMISERS = {
    "adam": optax.adam(0.05),
    "momentum": optax.sgd(0.3, 0.9),
    "schedule": optax.sgd(optax.exponential_decay(1.0, 20, 0.1)),
}
pytestmark = pytest.mark.usefixtures("without_shape_checks", "standard")


@pytest.fixture
def standard():
    """Use standard type promotion, since Optax raises a float to an integer power."""
    with jax.numpy_dtype_promotion("standard"):
        yield


def start(dtype=jnp.float32):
    return nnjax.init(NETWORK, nnjax.key(1), "normal", "normal", dtype=dtype)


@functools.cache
def compiled(name, epochs):
    """Compile a case of `CASES` as a function: (params, history to resume, if any) -> (params, history)."""
    options = CASES[name] | {"resumable": True, "epochs": epochs}
    train = functools.partial(nnjax.train, NETWORK, xs=XS, ys=YS, **options)
    return jax.jit(lambda params, resume=None: train(params, resume=resume))


def assert_same_bits(one, other):
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


STOP = nnjax.Stop(validation=(XS[:3], YS[:3]), patience=7)
CASES = {name: {"optimizer": optimizer} for name, optimizer in OPTIMISERS.items()}
CASES |= {
    "shuffled": {"optimizer": optax.adam(0.05), "batch_size": 2, "key": nnjax.key(7)},
    "shuffled, by nodes": {
        "optimizer": optax.sgd(0.3, 0.9),
        "batch_size": 2,
        "key": nnjax.key(7),
        "view": "nodes",
    },
    "columns": {"optimizer": optax.adam(0.05), "view": "columns"},
    "patience": {"optimizer": optax.adam(0.1), "stop": STOP, "batch_size": 3, "key": nnjax.key(3)},
    "stopped": {"optimizer": optax.sgd(0.3), "stop": nnjax.Stop(gradient_norm=1.0)},
    "weighted rows": {"optimizer": optax.adam(0.05), "row_weights": np.arange(7.0)},
}


FEW = ("shuffled, by nodes", "patience")
"""Cases that are compiled without optimisation; the others are marked slow and compiled as for users."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in CASES]
)
def test_interrupted_is_the_same_as_not(name):
    whole, part = compiled(name, 40), compiled(name, 20)
    expected = whole(start())
    params, history = part(start())
    got = part(params, history)
    assert_same_bits(got, expected)
    assert int(got[1].epochs) == int(expected[1].epochs) > 0


@pytest.mark.parametrize("patience, every, part, ends", [(8, None, 6, 21), (3, 4, 8, 24)])
def test_a_check_between_two_runs_is_counted_once(patience, every, part, ends):
    """Both runs look at the state in between."""
    network, (xs, ys) = nnjax.mlp((2, 2, 1)), nnjax.datasets.xor()

    @functools.partial(jax.jit, static_argnums=0)
    def train(epochs, params, history=None):
        stop = nnjax.Stop(validation=(xs[:2], ys[:2]), patience=patience)
        options = {"optimizer": optax.sgd(2.0), "record_every": every, "resumable": True, "stop": stop}
        return nnjax.train(network, params, xs, ys, epochs=epochs, resume=history, **options)

    first = nnjax.init(network, nnjax.key(2), "normal", dtype=jnp.float64)
    expected, got = train(5 * part, first), train(part, first)
    for _ in range(4):
        got = train(part, *got)
    assert int(expected[1].epochs) == ends
    assert_same_bits(got[0], expected[0])
    assert_same_bits(got[1]._replace(curves={}), expected[1]._replace(curves={}))


@pytest.mark.slow
def test_wherever_it_is_cut():
    """The cuts are made one after the other, since they share compiled programs."""
    expected = compiled("shuffled", 40)(start())
    for cuts in [(39, 1), (1, 39), (20, 1, 19), (0, 40)]:
        params, history = start(), None
        for epochs in cuts:
            params, history = compiled("shuffled", epochs)(params, history)
        assert_same_bits((params, history), expected)


def test_the_order_of_rows_would_start_over_without_it():
    part = compiled("shuffled", 20)
    params, _ = part(start())
    assert float(part(params)[1].loss) != float(compiled("shuffled", 40)(start())[1].loss)


def test_many_seeds_resume_together():
    """Both runs agree only up to rounding, since seeds share one count of updates in the first run only."""
    keys = jnp.stack([nnjax.key(seed) for seed in range(3)])

    def train(epochs, key, params=None, history=None):
        params = nnjax.init(NETWORK, key, "normal", dtype=jnp.float64) if params is None else params
        options = {"optimizer": optax.adam(0.05), "batch_size": 3, "key": key, "resumable": True}
        return nnjax.train(NETWORK, params, XS, YS, epochs=epochs, resume=history, **options)

    expected = jax.jit(jax.vmap(functools.partial(train, 20)))(keys)
    half = jax.jit(jax.vmap(functools.partial(train, 10)))(keys)
    got = jax.jit(jax.vmap(functools.partial(train, 10)))(keys, *half)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_only_what_was_asked_for_is_kept():
    _, history = nnjax.train(NETWORK, start(), XS, YS, optimizer=optax.adam(0.1), epochs=1)
    assert history.state is None
    assert history.best_epoch is None


def test_what_does_not_go_on_is_refused():
    train = functools.partial(nnjax.train, NETWORK, xs=XS, ys=YS, epochs=1, optimizer=optax.adam(0.1))
    params, history = train(start(), resumable=True)
    for options, message in [
        ({"params": start()}, "params must be those that were returned together with the history"),
        ({"view": "nodes"}, "resume goes on in view='matrix', got 'nodes'"),
        ({"optimizer": optax.sgd(0.1)}, "optimizer is not the one that made the history"),
        ({"stop": STOP}, r"resume needs stop=Stop\(patience=\) in both runs, or in neither"),
        (
            {"resume": history._replace(state=None)},
            r"resume must be the History of nnjax.train\(..., resumable",
        ),
        ({"resume": params}, "resume must be the History"),
    ]:
        with pytest.raises(ValueError, match=message):
            train(**({"params": params, "resume": history} | options))


@pytest.mark.slow
@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("view", VIEWS)
def test_own_measures_are_recorded_beside_the_others(view):
    measures = {
        "right": lambda p: nnjax.accuracy(NETWORK, p, XS, YS.round()),
        "norms": lambda p: jnp.stack([jnp.linalg.norm(layer.weights) for layer in p]),
    }
    options = {"optimizer": optax.sgd(0.3), "view": view, "record_every": 2}
    train = functools.partial(nnjax.train, NETWORK, xs=XS, ys=YS, **options)
    _, history = jax.jit(lambda p: train(p, epochs=5, measures=measures))(start())
    assert set(history.curves) == {"loss", "gradient_norm", "right", "norms"}
    assert (history.curves["right"].shape, history.curves["norms"].shape) == ((3,), (3, 2))
    for place, epochs in enumerate((0, 2, 4)):
        params, _ = jax.jit(functools.partial(train, epochs=epochs))(start())
        np.testing.assert_allclose(history.curves["norms"][place], measures["norms"](params), rtol=1e-5)
        np.testing.assert_allclose(history.curves["right"][place], measures["right"](params), rtol=1e-6)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"measures": {"a": len}}, ValueError, "measures need record_every="),
        ({"measures": {"loss": len}, "record_every": 1}, ValueError, "must not be called 'loss'"),
        ({"measures": {"a": 3}, "record_every": 1}, TypeError, "measure 'a' must be a function"),
        ({"measures": [len], "record_every": 1}, TypeError, "measures must be a mapping"),
        (
            {"row_weights": np.ones(6)},
            ValueError,
            r"row_weights have shape \(6,\), expected \(7,\): one per row",
        ),
        ({"row_weights": -np.ones(7)}, ValueError, "row_weights must be 0 or more, got -1.0"),
        ({"row_weights": np.full(7, np.nan)}, ValueError, "row_weights holds NaN"),
    ],
)
def test_bad_arguments(options, error, message):
    with pytest.raises(error, match=message):
        nnjax.train(NETWORK, start(), XS, YS, optimizer=optax.sgd(0.1), epochs=1, **options)


@pytest.mark.parametrize(
    "view, loss", [*((view, "sse") for view in VIEWS), ("matrix", "binary_cross_entropy")]
)
def test_a_rows_weight_is_how_often_it_is_there(view, loss):
    """Weights of 0 to 3 act like leaving rows out or repeating them; held-out rows have no weights."""
    network = nnjax.mlp((2, 2, 1), output="identity")
    params = nnjax.init(network, nnjax.key(0), "normal", dtype=jnp.float64)
    counts = np.array([0, 1, 2, 3, 1, 0, 2])
    repeated = np.repeat(np.arange(7), counts)
    stop = nnjax.Stop(validation=(XS, YS, 1e-9))
    options = {
        "optimizer": optax.sgd(0.02),
        "epochs": 5,
        "loss": loss,
        "view": view,
        "stop": stop,
        "record_every": 1,
    }

    @jax.jit
    def both(params):
        one = nnjax.train(network, params, XS, YS, row_weights=counts, **options)
        return one, nnjax.train(network, params, XS[repeated], YS[repeated], **options)

    one, other = both(params)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11)
