"""The experiment on initial weights: exact statements, its criterion, paired draws, intervals."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr
from matplotlib.figure import Figure
from scipy import stats

import nnjax
from experiments.initialisation import Config
from experiments.initialisation import figures as shown
from experiments.initialisation import training as measures
from experiments.initialisation.training import BIASES, HIDDEN, LAWS, THRESHOLDS
from nnjax import datasets

TASKS = measures.tasks()
SIZES = (4, 3, 2)


def _trained(task, hidden, biases, epochs=20):
    """In full batches from all zeros, float64."""
    network = nnjax.mlp(task.sizes, hidden, biases=biases)
    first = nnjax.init(network, nnjax.key(0), "zeros", dtype=jnp.float64)
    return nnjax.train(network, first, *task.train, optimizer=optax.sgd(0.3), epochs=epochs)[0]


def _moved(params):
    return [bool(np.any(leaf)) for layer in params for leaf in layer]


@pytest.mark.parametrize("biases", BIASES)
@pytest.mark.parametrize("name", TASKS)
def test_sigmoid_nodes_that_start_at_zero_move_together(name, biases):
    """Their gradients differ by rounding at most: the last bit of some 30 sums and products is 1e-14."""
    params, parting = measures.from_zeros(TASKS[name], biases, 20, restored=True)
    assert params[0].weights.dtype == jnp.float64
    assert parting < 1e-14
    assert measures.apart(params) == 0
    assert _moved(params) == [True, BIASES[biases], True, BIASES[biases]]
    assert np.ptp(params[0].biases) == 0


@pytest.mark.parametrize("layer", [0, 1])
def test_one_weight_that_differs_is_seen(layer):
    params = list(measures.from_zeros(TASKS["XOR"], "with", 2, restored=False)[0])
    weights = params[layer].weights
    params[layer] = nnjax.Layer(weights.at[1, 0].multiply(1 + 1e-15), params[layer].biases)
    assert measures.apart(tuple(params)) > 0
    assert measures.apart(measures.copies(tuple(params))) == 0


def test_a_rule_that_treats_copies_differently_is_seen(monkeypatch):
    def slip(network, params, xs, ys):
        first, last = nnjax.gradients(network, params, xs, ys)
        return first._replace(weights=first.weights.at[0, 1].multiply(1 + 1e-12)), last

    monkeypatch.setattr(measures.nnjax.nodewise, "gradients", slip)
    _, parting = measures.from_zeros(TASKS["Iris"], "with", 2, restored=True)
    assert 1e-14 < parting < 1e-11


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("name", TASKS)
def test_relu_from_zeros_moves_its_output_biases_at_most(name, biases):
    expected = [False, False, False, biases and name != "XOR"]
    assert _moved(_trained(TASKS[name], "relu", biases)) == expected


@pytest.mark.parametrize("biases", [True, False])
def test_xor_in_full_batches_leaves_zeros_as_they_are(biases):
    """The four rows' weight changes are ±δ a with equal a, two of each sign: they cancel without rounding."""
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
    learn = measures.learner(TASKS["XOR"], 500)
    found = nnjax.sweep(learn, np.arange(16), measures.settings((1.0, 1.5)))
    assert 0 < np.mean(found["converged"]) < 1
    np.testing.assert_array_equal(found["converged"], found["loss"] < THRESHOLDS["XOR"])
    assert np.all(found["epochs"][~found["converged"]] == 500)
    assert not np.any(found["converged"][:, -1])


@pytest.mark.parametrize("law", LAWS)
def test_a_range_multiplies_the_same_draws(law):
    none = jnp.float32(0)
    factors = {r: {"uniform": none, "normal": none, law: jnp.float32(r)} for r in (1.0, 0.3)}
    one, r = (measures.start(SIZES, nnjax.key(5), **factors[r]) for r in (1.0, 0.3))
    for ours, scaled in zip(one, r, strict=True):
        np.testing.assert_array_equal(scaled.weights, jnp.float32(0.3) * ours.weights)
        assert not np.any(scaled.biases)
    drawn = nnjax.init(nnjax.mlp(SIZES), nnjax.key(5), law)
    np.testing.assert_array_equal(one[0].weights, drawn[0].weights)


def test_the_two_laws_have_equal_spread_and_rise_together():
    settings = measures.settings((0.5, 1.2))
    assert [len(each) for each in settings.values()] == [5, 5]
    assert settings["uniform"][-1] == settings["normal"][-1] == 0
    pair = [
        measures.start((100, 100, 1), nnjax.key(0), *(jnp.asarray(s[place]) for s in settings.values()))
        for place in (1, 3)
    ]
    uniform, normal = (np.ravel(params[0].weights) for params in pair)
    # 10 000 draws: the standard error of a deviation is below 1 %.
    np.testing.assert_allclose(np.std(uniform), np.std(normal), rtol=0.03)
    np.testing.assert_allclose(np.std(uniform), 1.2 / np.sqrt(3), rtol=0.03)
    assert stats.spearmanr(uniform, normal).statistic > 0.999999


def test_xor_without_biases_can_be_learnt_by_sigmoid_but_not_by_relu():
    """At (0, 0) two sigmoid nodes give ½ each, and half the sum of the outgoing weights acts as a bias."""
    first = nnjax.Layer(jnp.array([[20.0, 1.5], [20.0, 1.5]]), jnp.zeros(2))
    params = first, nnjax.Layer(jnp.array([[53.0], [-60.0]]), jnp.zeros(1))
    network = nnjax.mlp((2, 2, 1), biases=False)
    assert nnjax.total_loss(network, params, *datasets.xor()) < THRESHOLDS["XOR"]
    relu = nnjax.mlp((2, 2, 1), "relu", biases=False)
    assert nnjax.predict(relu, params, jnp.zeros(2)) == 0.5


@pytest.mark.parametrize("count", [11, 50, 300])
def test_the_medians_interval_covers_what_it_says(count):
    """It misses when fewer than j of the values lie on one side: counted by the binomial law, not sampled."""
    low, high = shown.median_interval(np.arange(1.0, count + 1))
    cover = stats.binom.cdf(high - 1, count, 0.5) - stats.binom.cdf(low - 1, count, 0.5)
    narrower = stats.binom.cdf(high - 2, count, 0.5) - stats.binom.cdf(low, count, 0.5)
    assert narrower < 0.999 <= cover


def test_medians_of_runs_that_never_converge():
    assert shown.median_interval(np.full(50, np.inf)) == (np.inf, np.inf)
    assert shown.median_interval(np.ones(4)) == (0, np.inf)
    low, high = shown.median_interval(np.append(np.arange(30.0), np.full(20, np.inf)))
    assert np.isfinite(low)
    assert high == np.inf


def test_a_paired_difference_has_width_even_where_all_pairs_agree():
    a, b = np.arange(300) < 150, np.arange(300) < 120
    found = shown.difference("", "", (0.0, 1.0), a, b, "")
    assert found.measured == pytest.approx(0.1)
    assert found.interval[0] < 0.1 < found.interval[1]
    mirrored = shown.difference("", "", (0.0, 1.0), b, a, "")
    np.testing.assert_allclose(mirrored.interval, [-end for end in found.interval[::-1]])
    low, high = shown.difference("", "", (0.0, 1.0), a, a, "").interval
    assert low == -high < 0


def _made(share, seeds=100, ranges=(0.1, 1.0)):
    """What `run` returns, with coin tosses in place of training; `share` of them converge."""
    names = {"task": list(THRESHOLDS), "seed": range(seeds), "law": list(LAWS), "range": list(ranges)}
    names |= {"hidden": list(HIDDEN), "biases": list(BIASES)}
    shape = [len(each) for each in names.values()]
    draw = np.random.default_rng(0)
    converged = draw.random(shape) < share
    columns = {
        "converged": converged,
        "epochs": np.where(converged, draw.integers(1, 50, shape), 50),
        "loss": np.where(converged, 0.05, 0.5),
        "largest_weight": np.ones(shape),
    }
    zeros = {f"zeros_{name}": (("task", "hidden", "biases"), np.zeros((3, 2, 2))) for name in columns}
    partings = {
        name: (("task", "biases"), np.zeros((3, 2))) for name in ("zeros_parting", "zeros_difference")
    }
    rest = partings | {"most_epochs": ("task", [50] * 3)}
    return xr.Dataset({name: (list(names), value) for name, value in columns.items()} | zeros | rest, names)


def test_a_range_is_not_judged_by_the_seeds_that_chose_it():
    even = np.arange(100) % 2 == 0
    converged = np.stack([even, ~even], axis=1)
    found, which = shown.best(_made(0.5), converged)
    assert not np.any(found)
    assert which == "0.1 or 1"


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_findings_tables_and_figures_of_any_share(share):
    data = _made(share)
    found = shown.findings(data)
    assert len(found) > 20
    for each in found:
        assert each.interval[0] <= each.measured + 1e-12
        assert each.measured <= each.interval[1] + 1e-12
    contrasts = [each for each in found if "minus" in each.claim]
    assert all(each.interval[0] < 0 < each.interval[1] for each in contrasts)
    ((header, rows),) = shown.tables(data).values()
    assert {len(row) for row in rows} == {len(header)}
    assert all(isinstance(figure, Figure) for figure, _ in shown.figures(data).values())


def test_few_seeds_give_exact_findings_alone():
    assert all(each.interval == (each.measured,) * 2 for each in shown.findings(_made(0.5, 99)))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"xor_epochs": 0}, "xor_epochs must be 1 or more; got 0"),
        ({"encoder_epochs": 0}, "encoder_epochs must be 1 or more; got 0"),
        ({"iris_epochs": 0}, "iris_epochs must be 1 or more; got 0"),
        ({"ranges": (1.0,)}, "ranges must be two or more rising numbers above 0"),
        ({"ranges": (0.0, 1.0)}, "ranges must be two or more rising numbers above 0"),
        ({"ranges": (1.0, 1.0)}, "ranges must be two or more rising numbers above 0"),
        ({"ranges": (1.0, float("nan"))}, "ranges must be two or more rising numbers above 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Config(), **options)
