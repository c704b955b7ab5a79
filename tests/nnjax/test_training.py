"""Check training against the handout's own loop and against NumPy, and test the criteria that stop it."""

import functools

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from cases import gradients

import nnjax
from nnjax.stopping import REASONS
from nnjax.views import VIEWS

RTOL = 1e-9  # float64 rounding, amplified over a few dozen steps
NETWORK = nnjax.mlp((3, 4, 2))
train_step = jax.jit(nnjax.train_step)


def data(rows=7, network=NETWORK, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, network.sizes[0])), rng.uniform(size=(rows, network.sizes[-1]))


@functools.cache
def start(network=NETWORK):
    biases = "normal" if network.biases else "zeros"
    init = functools.partial(nnjax.init, network, weights="normal", biases=biases, dtype=jnp.float64)
    with jax.ensure_compile_time_eval():  # even while a run is being traced
        return jax.jit(init)(nnjax.key(0))


def close(got, expected, rtol=RTOL):
    chex.assert_trees_all_close(got, expected, rtol=rtol, atol=0)


def run(optimizer, epochs=6, network=NETWORK, rows=7, **options):
    """Train in one compiled program; compiling each operation by itself would take many times as long."""
    rows = data(rows, network)
    train = functools.partial(nnjax.train, optimizer=optimizer, epochs=epochs, **options)
    return jax.jit(lambda params: train(network, params, *rows))(start(network))


def by_hand(batches, rule, epochs=6, network=NETWORK, rows=7):
    """Train in a Python loop; `rule(params, grads, memory)` returns the next params and memory."""
    params, (xs, ys) = start(network), data(rows, network)
    memory = jax.tree.map(jnp.zeros_like, params)
    for epoch in range(epochs):
        for batch in batches(epoch):
            grads = gradients(network, params, xs[batch], ys[batch])
            params, memory = rule(params, grads, memory)
    return params


def descend(params, grads, memory, rate=0.3):
    return jax.tree.map(lambda p, g: p - rate * g, params, grads), memory


@functools.cache
def loss_before():
    """Compute the loss of two seeds before training."""
    return nnjax.sweep(lambda key: nnjax.total_loss(NETWORK, nnjax.init(NETWORK, key), *data()), [0, 1])


@pytest.mark.parametrize("view", VIEWS)
def test_one_row_at_a_time_is_the_handouts_epoch(view):
    params, (xs, ys) = start(), data()
    for _ in range(6):
        for x, y in zip(xs, ys, strict=True):
            params = train_step(NETWORK, params, x, y, 0.3)
    close(run(optax.sgd(0.3), batch_size=1, view=view)[0], params)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size, cuts", [(None, [7]), (7, [7]), (3, [3, 6, 7]), (4, [4, 7])])
def test_batches_are_summed_and_the_short_last_one_is_too(view, size, cuts):
    rows = [slice(low, high) for low, high in zip([0, *cuts], cuts, strict=False)]
    close(run(optax.sgd(0.3), batch_size=size, view=view)[0], by_hand(lambda _: rows, descend))


def test_a_key_shuffles_every_epoch_differently_and_loses_no_row():
    key = nnjax.key(5)
    orders = [np.asarray(jax.random.permutation(jax.random.fold_in(key, e), 7)) for e in range(6)]
    assert len({tuple(order) for order in orders}) == 6
    expected = by_hand(lambda epoch: np.split(orders[epoch], [3, 6]), descend)
    close(run(optax.sgd(0.3), batch_size=3, key=key)[0], expected)


def test_momentum_is_proportional_to_the_previous_change():
    def rule(params, grads, change):
        change = jax.tree.map(lambda g, c: -0.3 * g + 0.9 * c, grads, change)
        return jax.tree.map(jnp.add, params, change), change

    close(run(optax.sgd(0.3, momentum=0.9))[0], by_hand(lambda _: [slice(7)], rule))


def test_rmsprop_and_adam_against_their_papers():
    def rmsprop(params, grads, mean):
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g * g, mean, grads)
        return jax.tree.map(lambda p, g, m: p - 0.01 * g / jnp.sqrt(m + 1e-8), params, grads, mean), mean

    close(run(optax.rmsprop(0.01))[0], by_hand(lambda _: [slice(7)], rmsprop))
    steps, second = [], jax.tree.map(jnp.zeros_like, start())

    def adam(params, grads, first):
        nonlocal second
        steps.append(1)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, grads)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, grads)
        unbiased = 1 - 0.9 ** len(steps), 1 - 0.999 ** len(steps)
        return jax.tree.map(
            lambda p, m, v: p - 0.01 * (m / unbiased[0]) / (jnp.sqrt(v / unbiased[1]) + 1e-8),
            params, first, second,
        ), first  # fmt: skip

    with jax.numpy_dtype_promotion("standard"):  # optax raises a float to an integer power
        close(run(optax.adam(0.01))[0], by_hand(lambda _: [slice(7)], adam))


@pytest.mark.parametrize("view", VIEWS)
def test_without_biases_none_appear(view):
    network = nnjax.mlp((3, 4, 2), biases=False)
    params, _ = run(optax.rmsprop(0.1), network=network, view=view)
    assert all(np.all(layer.biases == 0) for layer in params)
    close(params, run(optax.rmsprop(0.1), network=network)[0])


@pytest.mark.parametrize(
    "loss, factor",
    [
        (lambda a, y: jnp.sum((a - y) ** 2), lambda eta, m: eta / (2 * m)),
        (lambda a, y: jnp.mean(jnp.sum((a - y) ** 2, axis=1)), lambda eta, m: eta / 2),
        (lambda a, y: jnp.mean((a - y) ** 2), lambda eta, m: 5 * eta),
    ],
    ids=["summed", "averaged over rows", "averaged over rows and 10 outputs"],
)
def test_three_conventions_of_the_loss_are_one_training(loss, factor):
    """REFERENCE gives rates η/(2m) for sums, η/2 for row means, and 5η for means over rows and 10 outputs."""
    network, eta, m = nnjax.mlp((3, 5, 10)), 3.0, 5
    xs, ys = data(20, network)
    params = start(network)

    def of_batch(p, xs, ys):
        return loss(jax.vmap(lambda x: nnjax.predict(network, p, x))(xs), ys)

    @jax.jit
    def step(params, xs, ys):
        return jax.tree.map(lambda w, g: w - factor(eta, m) * g, params, jax.grad(of_batch)(params, xs, ys))

    for _ in range(4):
        for first in range(0, 20, m):
            rows = slice(first, first + m)
            params = step(params, xs[rows], ys[rows])
    descent = optax.sgd(eta / (2 * m))
    train = functools.partial(nnjax.train, optimizer=descent, epochs=4, batch_size=m)
    close(jax.jit(lambda p: train(network, p, xs, ys)[0])(start(network)), params)


OPTIMIZERS = {
    "momentum as rate": lambda rate: optax.sgd(0.1, momentum=rate),
    "rmsprop with momentum": lambda rate: optax.rmsprop(rate, momentum=0.9),
    "adam's b1 as rate": lambda rate: optax.adam(0.1, b1=rate),
    "lbfgs": lambda rate: optax.lbfgs(),
    "polyak_sgd": lambda rate: optax.polyak_sgd(),
    "clipped": lambda rate: optax.chain(optax.clip_by_global_norm(1.0), optax.sgd(rate)),
}


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_any_optimiser_in_a_sweep(dtype):
    """Settings are float64 in this test, and so wider than the parameters; some optimisers need the loss."""
    # Optax's own line search in L-BFGS mixes dtypes in bfloat16.
    names = [name for name in OPTIMIZERS if name != "lbfgs" or dtype == jnp.float32]

    def losses(key, rate):
        params = nnjax.init(NETWORK, key, dtype=dtype)
        train = functools.partial(nnjax.train, NETWORK, params, *data(), epochs=20)
        return {name: train(optimizer=OPTIMIZERS[name](rate))[1].loss for name in names}

    with jax.numpy_dtype_promotion("standard"):
        after = nnjax.sweep(losses, [0, 1], {"rate": [0.1]})
    for name in names:
        assert after[name].dtype == dtype, name
        assert np.all(after[name][:, 0].astype(np.float32) < loss_before()), name


def test_stopped_seeds_are_frozen_bit_by_bit_under_vmap():
    def train(key, epochs):
        params = nnjax.init(NETWORK, key, "normal", "normal", dtype=jnp.float64)
        stop, made = nnjax.Stop(gradient_norm=0.1), optax.sgd(0.3)
        return nnjax.train(
            NETWORK, params, *data(), optimizer=made, epochs=epochs, batch_size=3, key=key, stop=stop
        )

    keys = jnp.stack([nnjax.key(seed) for seed in range(12)])
    short, long = (jax.jit(jax.vmap(lambda key, e=e: train(key, e)))(keys) for e in (30, 300))
    stopped = np.asarray(short[1].reason) == REASONS.index("stable")
    assert 0 < stopped.sum() < 12
    for a, b in zip(jax.tree.leaves(short[0]), jax.tree.leaves(long[0]), strict=True):
        np.testing.assert_array_equal(np.asarray(a)[stopped], np.asarray(b)[stopped])


def test_an_order_for_each_seed_and_one_for_all():
    """A key made from the seed gives each seed its own row order; one fixed key gives all seeds the same."""
    same = start()

    def end(by_seed, key):
        order = key if by_seed else nnjax.key(5)
        made = optax.sgd(0.3)
        return nnjax.train(NETWORK, same, *data(), optimizer=made, epochs=2, batch_size=2, key=order)[1].loss

    for by_seed, different in ((True, 6), (False, 1)):
        assert len(set(nnjax.sweep(functools.partial(end, by_seed), range(6)).tolist())) == different


def reason(history):
    return REASONS[int(history.reason)]


def test_history_without_stopping():
    params, history = run(optax.sgd(0.3))
    assert (int(history.epochs), reason(history), history.curves) == (6, "epochs", {})
    close(history.loss, nnjax.total_loss(NETWORK, params, *data()))


@pytest.mark.parametrize("view", VIEWS)
def test_stop_on_a_small_gradient_freezes_the_state_reached(view):
    network = nnjax.mlp((3, 2), output="identity")
    stop = nnjax.Stop(gradient_norm=1e-3)
    params, history = run(optax.sgd(0.02), 5000, network, stop=stop, view=view)
    again, _ = run(optax.sgd(0.02), int(history.epochs), network, view=view)
    # The results of two programs may differ in the last digits (jax 0.12); one more epoch would change them
    # by 1e-5.
    chex.assert_trees_all_close(params, again, rtol=1e-14)
    assert 0 < history.epochs < 5000
    assert reason(history) == "stable"
    norm = optax.tree.norm(nnjax.gradients(network, params, *data(7, network)))
    before, _ = run(optax.sgd(0.02), int(history.epochs) - 1, network, view=view)
    assert norm < 1e-3 <= optax.tree.norm(nnjax.gradients(network, before, *data(7, network)))


def test_stop_on_validation_looks_at_other_rows():
    xs, ys = (rows[:2] for rows in data())
    limit = nnjax.total_loss(NETWORK, start(), xs, ys) / 2
    _, history = run(optax.sgd(0.3), 100, record_every=1, stop=nnjax.Stop(validation=(xs, ys, limit)))
    curve = np.asarray(history.curves["validation"])
    assert reason(history) == "validation"
    assert int(history.epochs) == np.argmax(curve < limit) > 0
    assert np.all(curve[int(history.epochs) :] == curve[int(history.epochs)])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("stop", [None, nnjax.Stop()])
def test_a_diverging_run_is_marked_and_harms_no_neighbour(view, stop):
    network = nnjax.mlp((3, 4, 2), hidden="relu", output="identity")
    params, (xs, ys) = start(network), data(3)

    @jax.jit
    @jax.vmap
    def at(rate):
        return nnjax.train(
            network, params, xs, ys, optimizer=optax.sgd(rate), epochs=50, stop=stop, view=view
        )

    _, together = at(jnp.array([0.001, 10.0, 0.002]))
    assert [REASONS[r] for r in together.reason] == ["epochs", "diverged", "epochs"]
    assert together.epochs[1] < 50 if stop else together.epochs[1] == 50
    calm = at(jnp.array([0.001, 0.001, 0.002]))[1].loss
    np.testing.assert_array_equal(together.loss[::2], calm[::2])


def test_large_losses_are_no_divergence():
    network = nnjax.mlp((1, 1), output="identity")
    xs = np.linspace(-1, 1, 50)[:, None]
    options = {"optimizer": optax.sgd(0.01), "epochs": 2000, "stop": nnjax.Stop(gradient_norm=1e-3)}
    _, history = jax.jit(lambda p: nnjax.train(network, p, xs, 1000 * xs, **options))(start(network))
    assert reason(history) == "stable"


def test_curves():
    _, history = run(optax.sgd(0.3), epochs=7, record_every=2)
    losses = [run(optax.sgd(0.3), epochs)[1].loss for epochs in (0, 2, 4, 6)]
    close(history.curves["loss"], jnp.stack(losses))
    assert int(history.epochs) == 7
    close(history.loss, run(optax.sgd(0.3), 7)[1].loss)


def test_one_compilation_for_every_learning_rate():
    @jax.jit
    @chex.assert_max_traces(n=1)
    def at(rate):
        return run(optax.sgd(rate))[1].loss

    assert at(0.1) != at(0.2)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"epochs": -1}, ValueError, "epochs must be 0 or more, got -1"),
        ({"epochs": 2.5}, TypeError, "epochs must be an integer, got 2.5"),
        ({"batch_size": 8}, ValueError, "batch_size must be 1 to 7, got 8"),
        ({"batch_size": 0}, ValueError, "batch_size must be 1 to 7, got 0"),
        ({"record_every": 0}, ValueError, "record_every must be 1 or more, got 0"),
        ({"view": "node"}, ValueError, "unknown view 'node'. Did you mean 'nodes'?"),
        ({"optimizer": 0.1}, TypeError, "optimizer must be an optax optimiser"),
        ({"stop": nnjax.Stop(validation=(np.ones((2, 4)), np.ones((2, 2)), 1.0))}, ValueError,
         r"validation xs have shape \(2, 4\), expected \(2, 3\)"),
        ({"stop": nnjax.Stop(validation=(np.ones((2, 3)), np.ones((3, 2)), 1.0))}, ValueError,
         "validation xs have 2 rows, validation ys 3"),
        ({"stop": 5}, TypeError, "stop must be a nnjax.Stop or None, got 5"),
    ],
)  # fmt: skip
def test_bad_arguments(options, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        run(**({"optimizer": optax.sgd(0.1)} | options))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"gradient_norm": 0.0}, "gradient_norm must be above 0"),
        ({"diverged": float("nan")}, "diverged must be 1 or more, got nan"),
        ({"diverged": 1e-9}, "diverged must be 1 or more, got 1e-09"),
        ({"gradient_norm": [[1], [1, 2]]}, "gradient_norm must be one number"),
        ({"diverged": None}, "diverged must be one number, got None"),
        ({"validation": (1, 2, None)}, "validation threshold must be one number, got None"),
        ({"gradient_norm": 1 + 2j}, "gradient_norm must be one number"),
        ({"validation": (1, 2)}, r"validation must be \(xs, ys, threshold\)"),
        ({"validation": (1, 2, -1.0)}, "validation threshold must be above 0"),
        ({"gradient_norm": "a"}, "gradient_norm must be one number, got 'a'"),
        ({"gradient_norm": np.ones(2)}, "gradient_norm must be one number"),
    ],
)
def test_bad_criteria(options, message, without_shape_checks):
    with pytest.raises((ValueError, TypeError), match=message):
        nnjax.Stop(**options)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("swept", [False, True])
def test_validation_labels_of_a_cross_entropy(view, swept):
    network = nnjax.mlp((3, 2), output="identity")
    stop = nnjax.Stop(validation=(np.ones((2, 3)), np.array([[0.0, 1.0], [1.0, 2.0]]), 1.0))

    def train(key=None):
        options = {"optimizer": optax.sgd(0.1), "loss": "binary_cross_entropy", "view": view, "stop": stop}
        return run(epochs=1, network=network, **options)[1].loss

    with pytest.raises(ValueError, match=r"validation ys must lie in \[0, 1\] .*, got 0\.0 to 2\.0"):
        nnjax.sweep(train, [0]) if swept else train()


@pytest.mark.slow
@pytest.mark.parametrize("view", VIEWS)
def test_training_can_be_differentiated(view):
    """Check ∂loss/∂α through six updates, backward and forward, against a central difference."""

    def reached(rate):
        return run(optax.sgd(rate), network=nnjax.mlp((2, 3, 1)), rows=2, view=view)[1].loss

    @jax.jit
    def derivatives(rate):
        return jax.grad(reached)(rate), jax.jvp(reached, (rate,), (jnp.ones_like(rate),))[1]

    rate, h, value = np.float64(0.05), 1e-5, jax.jit(reached)
    expected = (value(rate + h) - value(rate - h)) / (2 * h)
    np.testing.assert_allclose(derivatives(rate), [expected] * 2, rtol=1e-6)
