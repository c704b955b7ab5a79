"""Patience: stop k checks after the best validation loss, and return the best parameters."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import stopping
from nnjax.stopping import REASONS
from nnjax.views import VIEWS

NETWORK = nnjax.mlp((2, 4, 1), "tanh", "identity")
RNG = np.random.default_rng(3)
XS, HELD_XS = RNG.normal(size=(6, 2)), RNG.normal(size=(5, 2))
YS, HELD_YS = RNG.normal(size=(6, 1)), RNG.normal(size=(5, 1))
pytestmark = pytest.mark.usefixtures("without_shape_checks")


def start(seed=0):
    return nnjax.init(NETWORK, nnjax.key(seed), "normal", dtype=jnp.float64)


def train(params, epochs=60, patience=None, rate=0.02, **options):
    stop = None if patience is None else nnjax.Stop(validation=(HELD_XS, HELD_YS), patience=patience)
    options = {"optimizer": optax.sgd(rate, 0.9), "epochs": epochs, "stop": stop} | options
    return nnjax.train(NETWORK, params, XS, YS, **options)


@functools.cache
def losses_by_hand(seed):
    """Compute validation losses after 0, 1, ... epochs, in one run that does not stop early."""

    @jax.jit
    def at(params):
        keep = {"held": lambda p: nnjax.total_loss(NETWORK, p, HELD_XS, HELD_YS)}
        return train(params, 60, record_every=1, measures=keep)[1].curves["held"]

    return np.asarray(at(start(seed)))


def expected(curve, patience, epochs=60, every=1):
    """Compute (epochs done, best epoch, reason) by a plain loop that follows Stop's docstring."""
    best, waited = (np.inf, 0), 0
    for epoch in range(epochs + 1):
        if epoch % every == 0:
            best, waited = ((curve[epoch], epoch), 0) if curve[epoch] < best[0] else (best, waited + 1)
        if waited >= patience:
            return epoch, best[1], "patience"
    return epochs, best[1], "epochs"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("patience", [1, 5])
def test_it_stops_k_checks_after_the_best_and_returns_the_best(view, patience):
    params, history = jax.jit(functools.partial(train, patience=patience, view=view))(start())
    epochs, best, reason = expected(losses_by_hand(0), patience)
    assert reason == "patience"
    assert (int(history.epochs), int(history.best_epoch), REASONS[history.reason]) == (epochs, best, reason)
    again, shorter = jax.jit(functools.partial(train, epochs=best, view=view))(start())
    for one, other in zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_allclose(history.loss, shorter.loss, rtol=1e-12)


def test_each_seed_stops_by_itself_under_vmap_and_in_a_sweep():
    seeds = list(range(6))

    def end(key):
        params = nnjax.init(NETWORK, key, "normal", dtype=jnp.float64)
        return train(params, patience=4)[1]._replace(state=None)

    together = jax.jit(jax.vmap(end))(jnp.stack([nnjax.key(seed) for seed in seeds]))
    swept = nnjax.sweep(end, seeds)
    found = [expected(losses_by_hand(seed), 4) for seed in seeds]
    assert len(set(found)) > 3
    for history in (together, swept):
        rows = zip(history.epochs, history.best_epoch, history.reason, strict=True)
        assert [(int(e), int(b), REASONS[r]) for e, b, r in rows] == found


def test_with_record_every_a_check_is_a_record():
    _, history = jax.jit(functools.partial(train, patience=2, record_every=4))(start())
    epochs, best, _ = expected(losses_by_hand(0), 2, every=4)
    assert (int(history.epochs), int(history.best_epoch)) == (epochs, best)
    assert best % 4 == 0
    assert history.curves["validation"].shape == (16,)
    np.testing.assert_array_equal(np.argmin(history.curves["validation"]), best // 4)


def test_without_epochs_the_start_is_the_best():
    params, history = train(start(), epochs=0, patience=3)
    assert int(history.best_epoch) == int(history.epochs) == 0
    np.testing.assert_array_equal(params[0].weights, start()[0].weights)


def test_a_run_that_diverges_gives_its_best_back():
    params, history = jax.jit(functools.partial(train, patience=50, rate=5.0))(start())
    assert REASONS[history.reason] == "diverged"
    assert bool(jnp.all(jnp.isfinite(params[0].weights)))
    held = nnjax.total_loss(NETWORK, params, HELD_XS, HELD_YS)
    assert held <= nnjax.total_loss(NETWORK, start(), HELD_XS, HELD_YS)


def test_a_threshold_still_stops_and_may_stand_beside_patience():
    limit = float(losses_by_hand(0)[3]) + 1e-9
    stop = nnjax.Stop(validation=(HELD_XS, HELD_YS, limit), patience=30)
    _, history = train(start(), stop=stop)
    assert REASONS[history.reason] == "validation"
    assert int(history.epochs) == int(history.best_epoch) == np.argmax(losses_by_hand(0) < limit)


def test_nan_is_no_improvement():
    best = stopping.none_yet(jnp.zeros(()), jnp.float64)
    for epoch, loss in enumerate([np.nan, 3.0, np.nan, 4.0]):
        number = jnp.int32(epoch)
        best = stopping.watched(best, jnp.float64(epoch), jnp.float64(loss), number, number)
    assert [float(value) for value in best] == [1, 3, 1, 2, 3]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"patience": 3}, "patience needs validation="),
        ({"patience": 0, "validation": (XS, YS)}, "patience must be 1 or more, got 0"),
        ({"patience": 1.5, "validation": (XS, YS)}, "patience must be an integer, got 1.5"),
        ({"validation": (XS, YS)}, r"validation must be \(xs, ys, threshold\), or \(xs, ys\) with patience="),
        ({"patience": 3, "validation": (XS,)}, "validation must be"),
    ],
)
def test_what_does_not_go_together_is_refused(options, message):
    with pytest.raises((TypeError, ValueError), match=message):
        nnjax.Stop(**options)
