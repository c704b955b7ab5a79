"""Shared draws against one network at a time; laws against other ways to compute them; Config; findings."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import xarray as xr
from scipy import integrate

import nnjax
from experiments.vanishing_gradients import SMOKE, Config, groups, run
from experiments.vanishing_gradients import at_birth as birth
from experiments.vanishing_gradients import exact_laws as birth_laws
from experiments.vanishing_gradients import figures as vanishing_figures
from experiments.vanishing_gradients import findings as vanishing_findings
from experiments.vanishing_gradients import training as depth_training
from experiments.vanishing_gradients.training import Recipe, Task
from nnjax import initialisers, signal_propagation
from nnjax.datasets import Data

WIDTH, DEPTHS = 6, (1, 4)
NAMES = ("sigmoid", "relu")
INITS = ("glorot_normal", "he_uniform", "orthogonal")


def one_network(activation, scheme, depth, key):
    """The same draws through nnjax.forward and nnjax.deltas, with the read-out as a target."""
    weights, (xs, vs) = birth.draw(key, WIDTH, max(DEPTHS), birth.KINDS)
    chosen = birth.scale(scheme, WIDTH) * np.asarray(weights[birth.kind(scheme)][:depth], float)
    network = nnjax.mlp((WIDTH,) * (depth + 1), activation, "identity", biases=False)
    params = tuple(nnjax.Layer(jnp.asarray(w), jnp.zeros(WIDTH)) for w in chosen)
    for x, v in zip(np.asarray(xs, float), np.asarray(vs, float), strict=True):
        trace = nnjax.forward(network, params, x)
        yield trace, nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)


@pytest.mark.slow
def test_rows_of_shared_draws_are_networks():
    key = nnjax.key(3)
    found = jax.jit(birth.profile(WIDTH, DEPTHS, NAMES, INITS))(key)
    for k, activation in enumerate(NAMES):
        for c, scheme in enumerate(INITS):
            for d, depth in enumerate(DEPTHS):
                each = list(one_network(activation, scheme, depth, key))
                trace, deltas = each[0]
                first = np.linalg.norm(deltas[0])
                np.testing.assert_allclose(found.first[k, c, d], first, rtol=2e-5)
            norms = [np.linalg.norm(delta) for delta in deltas]
            np.testing.assert_allclose(found.delta[k, c], norms, rtol=2e-5)
            sizes = [np.linalg.norm(a) for a in trace.activations[1:-1]]
            np.testing.assert_allclose(found.activation[k, c, :-1], sizes, rtol=2e-5)
            dead = [np.mean(z <= 0) for z in trace.net_inputs] if activation == "relu" else 0
            np.testing.assert_allclose(found.dead[k, c], dead, rtol=1e-6)
            lengths = np.array([[np.linalg.norm(delta) for delta in deltas] for _, deltas in each])
            ratios = np.mean((lengths[:, :-1] / lengths[:, 1:]) ** 2, axis=0)
            np.testing.assert_allclose(found.ratio[k, c], [*ratios, np.nan], rtol=5e-5)


def test_orthogonalised_is_qr_with_a_positive_diagonal():
    matrices = np.random.default_rng(0).normal(size=(3, 7, 7))
    for matrix, q in zip(matrices, birth.orthogonalised(jnp.asarray(matrices)), strict=True):
        expected, r = np.linalg.qr(matrix)
        np.testing.assert_allclose(q, expected * np.sign(np.diag(r)), rtol=1e-9)


@pytest.mark.parametrize("scheme", birth.INITS)
def test_weights_have_the_variance_of_their_scheme(scheme):
    weights, _ = birth.draw(nnjax.key(0), 100, 4, birth.KINDS)
    drawn = birth.scale(scheme, 100) * np.asarray(weights[birth.kind(scheme)])
    np.testing.assert_allclose(drawn.var(), signal_propagation.weight_variance(scheme, 100, 100), rtol=0.02)


@pytest.mark.parametrize("width", [2, 8, 30])
def test_the_spread_of_one_relu_step_by_integration(width):
    def moment(power):
        """E[(log r)ᵖ] = ∫ P(r > eᵗ) d(tᵖ) over t > 0 − ∫ P(r < eᵗ) d(tᵖ) over t < 0."""

        def below(t):
            return float(signal_propagation.relu_step_cdf(width, np.array([np.exp(t)]))[0])

        right = integrate.quad(lambda t: (1 - below(t)) * power * t ** (power - 1), 0, 6)[0]
        return right - integrate.quad(lambda t: below(t) * power * t ** (power - 1), -40, 0, limit=200)[0]

    expected = moment(1), moment(2) - moment(1) ** 2
    np.testing.assert_allclose(birth_laws.log_moments(width), expected, rtol=1e-6)


def test_theory_of_unequal_widths_is_met():
    ratios = nnjax.sweep(birth_laws.unequal((40, 160, 80, 1), "sigmoid", "lecun_normal"), range(300))
    expected = birth_laws.unequal_theory((40, 160, 80, 1), "sigmoid", "lecun_normal")
    error = np.abs(ratios.mean(axis=0) - expected)
    assert np.all(error < 4 * ratios.std(axis=0) / np.sqrt(300) + 0.01 * expected)


def small_task():
    rng = np.random.default_rng(1)
    data = Data(rng.normal(size=(12, 3)), np.eye(2)[rng.integers(0, 2, 12)])
    return Task(data, data, 4, 5)


def test_a_run_is_nnjax_train_with_another_order_in_each_epoch():
    job, recipe = small_task(), Recipe(3, "tanh", "he_normal")
    told = {name: values[0] for name, values in depth_training.arguments(recipe).items()}
    record = jax.jit(depth_training.learner(job, recipe, 3))(
        nnjax.key(5), **(told | {"rate": np.float32(0.1)})
    )
    network = nnjax.mlp((3, 4, 4, 2), "tanh", "identity")
    params = nnjax.init(network, nnjax.key(5), "he_normal")
    losses = [nnjax.total_loss(network, params, *job.train) / 12]
    orders = depth_training._orders(12, 3)
    assert np.all(np.sort(orders, axis=1) == np.arange(12))
    assert len(np.unique(orders, axis=0)) == 4
    clipped = optax.chain(optax.clip_by_global_norm(5.0), optax.sgd(0.1))
    one_epoch = jax.jit(
        lambda *given: nnjax.train(network, *given, optimizer=clipped, epochs=1, batch_size=5)
    )
    for epoch in range(3):
        before, rows = params, [values[orders[1 + epoch]] for values in job.train]
        params, history = one_epoch(params, *rows)
        losses.append(history.loss / 12)
        moved = np.linalg.norm(params[1].weights - before[1].weights) / np.linalg.norm(before[1].weights)
        np.testing.assert_allclose(record.change[epoch, 1], moved, rtol=1e-4)
    np.testing.assert_allclose(record.loss, losses, rtol=1e-5)


@pytest.mark.parametrize("scheme", depth_training.SPREADS)
def test_spreads_are_the_schemes_variances(scheme):
    told = depth_training.arguments(Recipe(2, scheme=scheme, scale=3.0))
    a, b, c = (told[name][0] for name in "abc")
    for n, m in ((64, 8), (8, 8), (8, 10)):
        expected = 9 * initialisers.weight_variance(scheme, n, m)
        np.testing.assert_allclose(1 / (a + b * n + c * m), expected, rtol=1e-6)


def test_what_learns_nothing_has_the_constant_answers_loss():
    job = depth_training.task("digits", 8)
    assert len(job.train.xs) == 1300
    np.testing.assert_allclose(job.constant, 0.89998, rtol=1e-4)


def trained_data(loss):
    """Made-up last losses (depth, seed, rate) of one start."""
    values = np.asarray(loss, float)[None, ..., None]
    dims = ("start", "deep_depth", "deep_seed", "deep_setting", "deep_epoch")
    made = {"deep_loss": (dims, values), "deep_accuracy": (dims, values), "deep_constant": 1.0}
    made["deep_change"] = (*dims[:-1], "deep_after", "deep_layer"), values[..., None]
    made["deep_rate"] = (dims[0], dims[1], dims[3]), np.tile([0.1, 0.3], (1, 3, 1))
    return xr.Dataset(made, {"start": ["s"], "deep_depth": [1, 3, 9]})


def test_the_first_depth_that_is_not_learnt():
    data = trained_data([[[0.1, 0.2], [0.1, 0.2]], [[np.nan, 0.8], [0.1, 0.95]], [[2, 3], [2, 3]]])
    assert depth_training.best(data, "deep")["deep_rate"].values.ravel().tolist() == [0.1, 0.3, 0.1]
    failing = depth_training.first_failing(data, "deep", "s")
    assert failing.tolist() == [9, 3]
    failing = depth_training.first_failing(trained_data(np.full((3, 2, 2), 0.1)), "deep", "s")
    assert failing.tolist() == [np.inf, np.inf]


def made_up(job, recipes, epochs, seeds):
    return [_made_up(job, recipe, epochs, seeds) for recipe in recipes]


def _made_up(job, recipe, epochs, seeds):
    """Records of the right shape: sigmoid networks of five layers or more stay where a constant is."""
    shape = len(seeds), len(recipe.rates)
    rng = np.random.default_rng(recipe.depth)
    stuck = recipe.depth >= 5 and recipe.activation == "sigmoid"
    loss = job.constant * (np.ones(epochs + 1) if stuck else np.linspace(1, 0.1, epochs + 1))
    noise = 1 + 1e-3 * rng.random((*shape, epochs + 1))
    change = np.where(rng.random((*shape, epochs, recipe.depth)) < 0.6, 0.0, 1e-3)
    return depth_training.Record(loss * noise, np.full((*shape, epochs + 1), 0.1 if stuck else 0.9), change)


SMALL = dataclasses.replace(
    Config(),
    **{
        **SMOKE,
        "widths": (16,),
        "activations": ("sigmoid", "relu"),
        "depths": (1, 22),
        "inits": ("normal", "lecun_normal", "glorot_normal", "he_normal"),
        "training_depths": (1, 5),
        "iris_depths": (2, 10),
        "epochs": 6,
        "stall_epochs": 6,
        "iris_epochs": 7,
        "remedies": True,
    },
)


LAWS = {"UNEQUAL": (4, 3, 1), "DEAD": (4, 2)}


@pytest.fixture
def small_laws(monkeypatch):
    """What is shown of `small_data` names the sizes it was drawn with."""
    for name, sizes in LAWS.items():
        monkeypatch.setattr(birth_laws, name, sizes)


@pytest.fixture(scope="module")
def small_data():
    """Networks at birth as drawn, made-up training: all parts that are judged and shown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(depth_training, "train_all", made_up)
        for name, sizes in LAWS.items():
            patch.setattr(birth_laws, name, sizes)
        return run(SMALL)


def test_findings_hold_numbers_and_every_part_is_judged(small_data, small_laws, monkeypatch):
    monkeypatch.setattr(vanishing_findings, "WIDE", 16)
    found = vanishing_findings.findings(small_data)
    for finding in found:
        assert not np.isnan([finding.measured, *finding.interval, *finding.expected]).any(), finding.claim
    claims = "\n".join(finding.claim for finding in found)
    for part in ("3-4-1", "mean-field", "Glorot", "first depth", "5 layers", "loss per row", "gained", "SSE"):
        assert part in claims
    verdicts = {f.claim: f.verdict for f in found if "first depth" in f.claim or "cross-entropy" in f.claim}
    assert list(verdicts.values()) == ["agrees"] * 4 + ["differs"], verdicts


def test_glorots_identity_is_judged_where_no_node_is_rounded_across_the_kink(small_data, small_laws):
    def judged(data):
        return next(f for f in birth_laws.findings(data) if "2^(−(L−1)/2)" in f.claim)

    assert judged(small_data).verdict == "agrees"
    data, where = small_data.copy(deep=True), {"activation": "relu", "init": "glorot_normal", "width": 16}
    last = data["seed"].values[-1]
    data["delta"].loc[{**where, "seed": last}] *= 1.01
    assert judged(data).verdict == "differs"
    data["dead"].loc[{**where, "seed": last, "layer": 3}] += 1 / 16
    assert judged(data).verdict == "agrees"
    assert "the errors are 0.01" in judged(data).note


def test_findings_do_not_depend_on_the_order_of_widths_and_depths(small_data):
    one, other = (
        dataclasses.replace(SMALL, widths=widths, depths=depths, training_depths=depths)
        for widths, depths in (((8, 16), (1, 22)), ((16, 8), (22, 1)))
    )
    assert one == other
    assert (one.widths[-1], one.depths[-1]) == (16, 22)
    assert not small_data.attrs  # no wall times: the data's bits are the same every time


def test_tables_are_text_and_figures_are_drawn(small_data, small_laws):
    for header, rows in vanishing_findings.tables(small_data).values():
        assert all(isinstance(cell, str) and cell != "nan" for row in rows for cell in row)
        assert {len(row) for row in rows} == {len(header)}
    for figure, caption in vanishing_figures.figures(small_data).values():
        figure.draw_without_rendering()
        assert caption
        assert "{" not in caption


def test_what_is_named_twice_is_trained_once(monkeypatch):
    calls, programs = [], []

    def record(job, recipes, epochs, seeds):
        calls.extend((id(job), recipe, epochs) for recipe in recipes)
        programs.append((id(job), depth_training.program(recipes[-1]), epochs))
        return made_up(job, recipes, epochs, seeds)

    monkeypatch.setattr(depth_training, "train_all", record)
    config = dataclasses.replace(SMALL, stall_depth=5, stall_epochs=SMALL.epochs)
    data = depth_training.measure(groups(config), np.arange(2))
    assert len(calls) == len(set(calls)) < sum(len(group.recipes) for group in groups(config))
    assert len(programs) == len(set(programs)) < len(calls)
    he = data["deep_loss"].sel(start="relu", deep_depth=5)
    np.testing.assert_array_equal(he, data["stall_loss"].sel(stall_init="he_normal"))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"depths": (0, 3)}, "depths must be different numbers, 1 or more"),
        ({"widths": (8, 8)}, "widths must be different numbers, 2 or more"),
        ({"activations": ("sigmiod",)}, "activations must be different ones of sigmoid, .*got"),
        ({"inits": ("he_truncated_normal",)}, "inits must be different ones of normal, "),
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"training_depths": ()}, "training_depths must be"),
    ],
)
def test_bad_options_are_refused_with_what_is_accepted(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Config(), **options)


@pytest.mark.slow
def test_he_learns_at_30_layers_and_glorot_stalls():
    job = depth_training.task("digits", 64)
    rates = (0.001, 0.01, 0.1, 0.003)
    recipes = [Recipe(30, "relu", scheme, rates=rates) for scheme in ("he_normal", "glorot_normal")]
    records = depth_training.train_all(job, recipes, 30, np.arange(2))
    he, glorot = (np.nan_to_num(record.loss[..., -1], nan=np.inf) for record in records)
    assert np.all(he.min(axis=1) < 0.4)
    np.testing.assert_allclose(glorot[:, :3].min(axis=1), 0.900, rtol=0.02 / 0.9)
    # At the rate 0.003 some of Glorot's networks begin to learn in the last of the 30 epochs.
    assert np.all(glorot > 0.8)
