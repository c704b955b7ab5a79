"""Exact statements about all-zero weights, the criterion, paired draws and the labels of endings."""

import functools
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from scipy import stats

import nnjax
from experiments.initialisation import training
from experiments.initialisation.training import BIASES, LAWS, NETWORKS, THRESHOLDS, Ending, Parting
from nnjax import datasets

TASKS = training.tasks()
SIZES = (4, 3, 2)


def _trained(task, hidden, biases, epochs=20):
    """Train in full batches from all-zero weights, in float64."""
    network = nnjax.mlp(task.sizes, hidden, biases=biases)
    first = tuple(nnjax.Layer(np.zeros(s), np.zeros(s[1])) for s in itertools.pairwise(task.sizes))
    train = functools.partial(nnjax.train, optimizer=optax.sgd(0.3), epochs=epochs)
    return jax.jit(lambda params: train(network, params, *task.train)[0])(first)


def _moved(params):
    return [bool(np.any(leaf)) for layer in params for leaf in layer]


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("name", TASKS)
def test_sigmoid_nodes_that_start_at_zero_move_together(name, biases):
    """The nodes' gradients differ only by rounding: the errors of some 30 operations sum to at most 1e-14."""
    params, parting = training.from_zeros(TASKS[name], biases, 20, restored=True)
    assert params[0].weights.dtype == jnp.float64
    assert parting < 1e-14
    assert training.apart(params) == 0
    assert _moved(params) == [True, BIASES[biases], True, BIASES[biases]]
    assert np.ptp(params[0].biases) == 0


@pytest.mark.parametrize("layer", [0, 1])
def test_one_weight_that_differs_is_seen(layer):
    params = list(training.from_zeros(TASKS["XOR"], "with", 2, restored=False)[0])
    weights = params[layer].weights
    params[layer] = nnjax.Layer(weights.at[1, 0].multiply(1 + 1e-15), params[layer].biases)
    assert training.apart(tuple(params)) > 0
    assert training.apart(training.copies(tuple(params))) == 0


def test_a_rule_that_treats_copies_differently_is_seen(monkeypatch):
    def slip(network, params, xs, ys):
        first, last = nnjax.gradients(network, params, xs, ys)
        return first._replace(weights=first.weights.at[0, 1].multiply(1 + 1e-12)), last

    monkeypatch.setattr(training.nnjax.nodewise, "gradients", slip)
    _, parting = training.from_zeros(TASKS["Iris"], "with", 2, restored=True)
    assert 1e-14 < parting < 1e-11


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("name", TASKS)
def test_relu_from_zeros_moves_its_output_biases_at_most(name, biases):
    expected = [False, False, False, biases and name != "XOR"]
    assert _moved(_trained(TASKS[name], "relu", biases)) == expected


@pytest.mark.parametrize("biases", [True, False])
def test_xor_in_full_batches_leaves_zeros_as_they_are(biases):
    """The four rows' weight changes are ±δ a with equal a, two of each sign, so they cancel exactly."""
    assert not any(_moved(_trained(TASKS["XOR"], "sigmoid", biases)))


def test_below_the_threshold_every_answer_is_right():
    draw = np.random.default_rng(0)
    for name in ("XOR", "encoder"):
        ys = TASKS[name].train.ys
        for _ in range(1000):
            error = draw.random(ys.shape) ** draw.integers(1, 20)
            error *= np.sqrt(THRESHOLDS[name] / np.sum(error**2)) * 0.999
            assert np.all((np.abs(ys - error) > 0.5) == (ys > 0.5))


def test_a_threshold_of_a_quarter_would_let_a_wrong_answer_pass():
    wrong = np.array([[0.5], [1], [1], [0]])
    assert THRESHOLDS["XOR"] < THRESHOLDS["encoder"] < np.sum((datasets.xor().ys - wrong) ** 2) == 0.25


def test_fewer_irises_than_twice_the_loss_per_row_are_labelled_wrong():
    draw, ys = np.random.default_rng(1), TASKS["Iris"].watched.ys
    for _ in range(1000):
        y_hats = np.clip(ys + draw.normal(scale=draw.uniform(0, 0.6), size=ys.shape), 0, 1)
        wrong = np.argmax(y_hats, axis=1) != np.argmax(ys, axis=1)
        assert np.mean(wrong) <= 2 * np.sum((ys - y_hats) ** 2) / len(ys)
    assert TASKS["Iris"].threshold / len(ys) <= THRESHOLDS["Iris"] == 0.1 / 2


def test_converged_means_below_the_threshold():
    learn = training.learner(TASKS["XOR"], 500)
    endings = nnjax.sweep(learn, np.arange(16), training.settings((1.0, 1.5)))
    assert 0 < np.mean(endings.converged) < 1
    np.testing.assert_array_equal(endings.converged, endings.loss < THRESHOLDS["XOR"])
    assert np.all(endings.epochs[~endings.converged] == 500)
    assert not np.any(endings.converged[:, -1])


@pytest.mark.parametrize("law", LAWS)
def test_a_range_multiplies_the_same_draws(law):
    none = jnp.float32(0)
    factors = {r: {"uniform": none, "normal": none, law: jnp.float32(r)} for r in (1.0, 0.3)}
    start = jax.jit(training.start, static_argnums=0)
    one, r = (start(SIZES, nnjax.key(5), **factors[r]) for r in (1.0, 0.3))
    for ours, scaled in zip(one, r, strict=True):
        np.testing.assert_array_equal(scaled.weights, jnp.float32(0.3) * ours.weights)
        assert not np.any(scaled.biases)
    drawn = nnjax.init(nnjax.mlp(SIZES), nnjax.key(5), law)
    np.testing.assert_array_equal(one[0].weights, drawn[0].weights)


def test_the_two_laws_have_equal_spread_and_rise_together():
    settings = training.settings((0.5, 1.2))
    assert [len(factors) for factors in settings.values()] == [5, 5]
    assert settings["uniform"][-1] == settings["normal"][-1] == 0
    start = jax.jit(training.start, static_argnums=0)
    pair = [start((100, 100, 1), nnjax.key(0), *(s[place] for s in settings.values())) for place in (1, 3)]
    uniform, normal = (np.ravel(params[0].weights) for params in pair)
    # With 10 000 draws, the standard error of a standard deviation is below 1 %.
    np.testing.assert_allclose(np.std(uniform), np.std(normal), rtol=0.03)
    np.testing.assert_allclose(np.std(uniform), 1.2 / np.sqrt(3), rtol=0.03)
    correlation: Any = stats.spearmanr(uniform, normal)
    assert correlation.statistic > 0.999999


def test_xor_without_biases_can_be_learnt_by_sigmoid_but_not_by_relu():
    """At (0, 0) two sigmoid nodes give ½ each, so half the sum of the outgoing weights acts as a bias."""
    first = nnjax.Layer(jnp.array([[20.0, 1.5], [20.0, 1.5]]), jnp.zeros(2))
    params = first, nnjax.Layer(jnp.array([[53.0], [-60.0]]), jnp.zeros(1))
    network = nnjax.mlp((2, 2, 1), biases=False)
    assert nnjax.total_loss(network, params, *datasets.xor()) < THRESHOLDS["XOR"]
    relu = nnjax.mlp((2, 2, 1), "relu", biases=False)
    assert nnjax.predict(relu, params, jnp.zeros(2)) == 0.5


def test_an_ending_is_found_under_its_task_seed_law_range_and_network():
    """There are seeds 7 and 8, ranges 1 and 2, five settings (the last one is zeros), and four networks."""
    count = len(TASKS) * 2 * 5 * 4
    numbers = np.arange(count).reshape(len(TASKS), 2, 5, 4)
    endings = {
        name: Ending(*[numbers[rank] + count * k for k in range(4)]) for rank, name in enumerate(TASKS)
    }
    most = dict(zip(TASKS, (10, 20, 30), strict=True))
    random = training.random_starts(endings, np.array([7, 8]), (1.0, 2.0), most)
    place = {"task": "encoder", "seed": 8, "law": "normal", "range": 2.0, "hidden": "ReLU", "biases": "with"}
    network = NETWORKS.index(("ReLU", "with"))
    for k, name in enumerate(Ending._fields):
        assert random[name].sel(place) == numbers[1, 1, 3, network] + count * k
    partings = {name: [Parting(rank, 0.5), Parting(rank, 0.25)] for rank, name in enumerate(TASKS)}
    zeros = training.zero_starts(endings, partings)
    assert (
        zeros["loss"].sel(task="Iris", hidden="ReLU", biases="with") == numbers[2, 0, 4, network] + 2 * count
    )
    assert zeros["gradients_apart"].sel(task="Iris", biases="without") == 2
    assert zeros["weights_apart"].sel(task="XOR", biases="without") == 0.25
    assert random["most_epochs"].sel(task="Iris") == 30
    assert random["rate"].sel(task="XOR", hidden="sigmoid") == TASKS["XOR"].rates["sigmoid"]
    assert random["nodes"].sel(task="encoder").values.tolist() == [8, 3, 8]
