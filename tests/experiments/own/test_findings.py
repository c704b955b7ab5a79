"""Findings and tables for a user's own table."""

import importlib

import numpy as np
import pytest

from experiments.own import readers
from experiments.own.findings import findings, tables

IDS = [
    *(f"delta-{name}-{weights}" for name in ("sigmoid", "relu") for weights in ("he-normal", "normal")),
    *(
        f"{what}-{name}"
        for what in ("deep", "best-end", "answers", "barrier")
        for name in ("sigmoid", "relu")
    ),
]


def test_every_question_has_its_findings(long_run):
    assert [each.id for each in findings(long_run)] == IDS


def test_a_delta_that_vanishes_and_seeds_that_agree_change_the_verdicts(long_run):
    data = long_run.copy(deep=True)
    deltas = data["depth"]["delta"].values
    deltas[..., 0] = 1e-6 * deltas[..., 5]
    data["answers"]["answer"].values[:] = 1
    verdicts = {each.id: each.verdict for each in findings(data)}
    assert verdicts["delta-sigmoid-normal"] == "agrees"
    assert verdicts["delta-relu-normal"] == "differs"
    assert verdicts["answers-relu"] == "differs"
    before = {each.id: each for each in findings(long_run)}
    assert before["delta-sigmoid-normal"].verdict == "differs"
    assert before["answers-relu"].verdict == "agrees"
    assert before["barrier-relu"].measured == pytest.approx(0.25)


def test_few_seeds_are_not_judged_and_a_last_delta_of_0_is_left_out(long_run, monkeypatch):
    data = long_run.copy(deep=True)
    delta = data["depth"]["delta"]
    delta.loc[{"activation": "relu", "weights": "normal", "seed": 0, "layer": 6}] = 0.0
    found = {each.id: each for each in findings(data)}
    assert "23 seeds, leaving out 1 whose last δ is 0" in found["delta-relu-normal"].note
    monkeypatch.setattr(importlib.import_module("experiments.own.findings"), "FEW", 41)
    assert {each.id.split("-")[0] for each in findings(data)} == {"delta", "barrier"}


def test_tables(long_run):
    found = tables(long_run)
    assert [len(rows) for _, rows in found.values()] == [4, 8, 2]
    for header, rows in found.values():
        assert {len(row) for row in rows} == {len(header)}
        assert all(isinstance(cell, str) and "nan" not in cell for row in rows for cell in row)
    _, kinds = found["Kinds of ends, after Newton's method"]
    assert kinds[0][1] == "1 strict minimum, 1 plateau, 1 moved away"


def test_numbers_have_no_accuracy(long_run):
    data = long_run.copy(deep=True)
    data.attrs["classes"] = ""
    header, _ = next(iter(tables(data).values()))
    assert "test accuracy" not in header
    answers = next(each for each in findings(data) if each.id == "answers-relu")
    assert "standard deviations" in answers.claim
    assert np.isfinite(answers.measured)


def test_shallow_networks_say_nothing_of_depth(long_run):
    data = long_run.copy(deep=True)
    data["depth"].dataset = data["depth"].to_dataset().isel(depth=[0])
    assert {each.id.split("-")[0] for each in findings(data)} == {"best", "answers", "barrier"}


def test_kinds_are_judged_from_100_ends_on(long_run):
    """A strict minimum far from where training ended does not count as an end point."""
    data = long_run.copy(deep=True)
    many = data["kinds"].to_dataset().isel(seed=np.arange(102) % 3)
    data["kinds"].dataset = many.assign(verdict=0 * many["verdict"])
    found = {each.id: each for each in findings(data)}
    assert found["minimum-relu"].measured == pytest.approx(2 / 3)
    assert "68 strict minimum, 34 moved away" in found["minimum-relu"].note


def test_a_best_setting_is_not_judged_by_the_seeds_that_chose_it(long_run):
    """If every setting learns by chance, with probability 1/2, the best of four looks no better than that."""
    data, rng = long_run.copy(deep=True), np.random.default_rng(0)
    losses = data["depth"]["loss"]
    shares = []
    for _ in range(60):
        losses.values[:] = data.attrs["constant"] * rng.choice([0.5, 1.0], losses.shape)
        losses.values[:] *= rng.uniform(0.99, 1, losses.shape)
        shares += [
            readers.has_learnt(
                readers.at_best(data["depth"].to_dataset().isel(depth=-1), "relu").data,
                data.attrs["constant"],
            ).mean()
        ]
    assert abs(np.mean(shares) - 0.5) < 0.05


def test_relu_whose_delta_explodes_has_not_vanished(long_run):
    data = long_run.copy(deep=True)
    deltas = data["depth"]["delta"].values
    deltas[..., 0] = 1e3 * deltas[..., 5]
    assert {each.verdict for each in findings(data) if each.id.startswith("delta-relu")} == {"agrees"}
