"""The findings and tables of the experiment on a person's own table."""

import dataclasses
from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.own.readers import (
    LEARNT,
    NEAR,
    as_good_as_best,
    at_best,
    counted,
    difference,
    has_learnt,
    relative_delta,
)
from experiments.runner import expectations, statistics
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, measured, median, share
from nnjax import minima

EXPECTED = expectations.of("own")
FEW, DEEP = 20, 5
"""Minimum numbers of seeds for any judgement, and of hidden layers for a judgement about depth. Kinds
of ends are judged if there are 100 ends or more, since one in a hundred is expected to be a minimum."""


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the handout's sentences about depth and seeds on this table."""
    depth, ends = data["depth"].to_dataset(), data["ends"].to_dataset()
    certified = data["kinds"].sizes["seed"] if "kinds" in data.children else 0
    constant, is_deep = float(data.attrs["constant"]), int(depth["depth"].max()) >= DEEP
    return [
        *(_deltas(relative_delta(depth)) if is_deep else ()),
        *(_deep(depth, constant) if is_deep and depth.sizes["seed"] >= FEW else ()),
        *(_ends(ends, constant) if ends.sizes["seed"] >= FEW else ()),
        *_answers(data),
        *_barriers(data["pairs"].to_dataset(), constant),
        *(_kinds(data["kinds"].to_dataset()) if certified >= statistics.MANY else ()),
    ]


def _expected(what: str, activation: str, more: str = "") -> Expectation:
    """Return this activation's expectation, if there is one, or else the one for all other activations."""
    names = (f"{what}-{activation}", f"{what}-other", what)
    found = next(EXPECTED[name] for name in names if name in EXPECTED)
    return dataclasses.replace(found, id=f"{what}-{activation}{more}")


def _deltas(relative: xr.DataArray) -> Iterator[Finding]:
    deepest = relative.isel(depth=-1)
    layers = f"{int(deepest['depth'])} hidden layers"
    for activation in relative["activation"].values:
        for weights in relative["weights"].values:
            all_values = deepest.sel(activation=activation, weights=weights).values
            values = all_values[np.isfinite(all_values)]
            if len(values) >= 2:
                yield median(
                    _expected("delta", activation, f"-{weights.replace('_', '-')}"),
                    f"{activation}, {weights}, {layers}: ratio of |δ| in the first layer to the last",
                    values,
                    note=f"before training, on your rows; {len(values)} seeds{_without(all_values)}",
                )


def _without(values: np.ndarray) -> str:
    left_out = np.sum(~np.isfinite(values))
    return f", leaving out {left_out} whose last δ is 0" if left_out else ""


def _deep(depth: xr.Dataset, constant: float) -> Iterator[Finding]:
    for activation in depth["activation"].values:
        part, name = at_best(depth.isel(depth=-1), activation)
        shallow, _ = at_best(depth.isel(depth=0), activation)
        layers = [int(depth["depth"].values[place]) for place in (0, -1)]
        learnt = [np.mean(has_learnt(each, constant)) for each in (shallow, part)]
        yield share(
            _expected("deep", activation),
            f"{activation}, {layers[1]} hidden layers: share of the seeds that learn anything",
            has_learnt(part, constant),
            note=f"loss below {LEARNT} of the best constant's; {name}; {layers[0]} hidden: {learnt[0]:.0%}",
        )


def _ends(ends: xr.Dataset, constant: float) -> Iterator[Finding]:
    good = ends.assign(good=as_good_as_best(ends, constant))
    for activation in ends["activation"].values:
        part, name = at_best(good, activation)
        lowest, highest = (part["loss"].quantile(q).item() / constant for q in (0.0, 1.0))
        yield share(
            _expected("best-end", activation),
            f"{activation}: share of the seeds that end as low as the best end found",
            part["good"].values,
            note=f"within {NEAR:.0%} of the best constant answer's loss; {part.sizes['seed']} seeds end at "
            f"{lowest:.3g} to {highest:.3g} of it; {name}",
        )


def _answers(data: xr.DataTree) -> Iterator[Finding]:
    answers, classes = data["answers"].to_dataset()["answer"], bool(data.attrs["classes"])
    if answers.sizes["seed"] < FEW:
        return
    what = "share of the test rows on which two seeds disagree"
    if not classes:
        what = "difference between two seeds' answers, in standard deviations of the target"
    for activation in answers["activation"].values:
        said = answers.sel(activation=activation).values
        if np.isfinite(said).all():
            apart = difference(said.astype(float), classes)
            yield measured(
                _expected("answers", activation),
                f"{activation}: {what}",
                apart.value,
                apart.interval,
                note=f"{said.shape[1]} test rows, {len(said) // 2} pairs that share no seed, at the setting "
                "that learns best",
            )


def _barriers(pairs: xr.Dataset, constant: float) -> Iterator[Finding]:
    for activation in pairs["activation"].values:
        part = pairs.sel(activation=activation)
        before, after = part["before"].values, part["after"].values
        seen = before > 1e-3 * constant
        if seen.sum() < 3:
            continue
        ratio = after[seen] / before[seen]
        yield measured(
            _expected("barrier", activation),
            f"{activation}: share of the barrier between two seeds' ends that is left when nodes are aligned",
            np.median(ratio),
            (ratio.min(), ratio.max()),
            note=f"{seen.sum()} of {len(seen)} pairs have a barrier; median and range, since pairs share "
            "seeds",
        )


def _kinds(kinds: xr.Dataset) -> Iterator[Finding]:
    for activation in kinds["activation"].values:
        part = kinds.sel(activation=activation)
        verdicts, near = part["verdict"].values, part["near"].values
        yield share(
            _expected("minimum", activation),
            f"{activation}: share of the ends that are certified as local minima",
            near & np.isin(verdicts, (minima.STRICT, minima.FLAT)),
            note=f"{len(verdicts)} ends, after Newton's method; {counted(verdicts, near)}",
        )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate δ and what is learnt at each depth, where the seeds end by setting, and the kinds of ends."""
    constant, classes = float(data.attrs["constant"]), bool(data.attrs["classes"])
    depth, ends = data["depth"].to_dataset(), data["ends"].to_dataset()
    seeds = ends.sizes["seed"]
    found = {
        "δ and depth: medians of the seeds, each depth at its best setting": _by_depth(
            depth, constant, classes
        ),
        f"Where {seeds} seeds end: loss divided by the best constant answer's": _by_setting(
            ends, constant, classes
        ),
    }
    if "kinds" in data.children:
        kinds = data["kinds"].to_dataset()
        rows = [
            [str(name), counted(*(kinds[key].sel(activation=name).values for key in ("verdict", "near")))]
            for name in kinds["activation"].values
        ]
        found["Kinds of ends, after Newton's method"] = ("hidden nodes", "kind of point"), rows
    return found


def _by_depth(depth: xr.Dataset, constant: float, classes: bool) -> Table:
    relative, rows = relative_delta(depth), []
    for activation in depth["activation"].values:
        for layers in depth["depth"].values:
            part, name = at_best(depth.sel(depth=layers), activation)
            handed = relative.sel(activation=activation, depth=layers)
            by_weights = [f"{handed.sel(weights=w).median().item():.2g}" for w in depth["weights"].values]
            rows.append(
                [activation, str(layers), *by_weights, name, f"{np.median(part['loss']) / constant:.3f}"]
                + ([f"{np.median(part['accuracy']):.1%}"] if classes else [])
            )
    by_weights = [f"|δ₁|/|δ_L|, {weights}" for weights in depth["weights"].values]
    header = ("hidden nodes", "hidden layers", *by_weights, "best setting", "loss over constant's")
    return (*header, *(["test accuracy"] if classes else [])), rows


def _by_setting(ends: xr.Dataset, constant: float, classes: bool) -> Table:
    good, rows = as_good_as_best(ends, constant), []
    for activation in ends["activation"].values:
        for weights in ends["weights"].values:
            for rate in ends["rate"].values:
                where = {"activation": activation, "weights": weights, "rate": rate}
                rows.append(
                    [
                        activation,
                        weights,
                        f"{rate:g}",
                        *_row(ends.sel(where), good.sel(where), constant, classes),
                    ]
                )
    header = ("hidden nodes", "weights", "rate", "least", "median", "95 %", "as good as the best", "diverged")
    return (*header, *(["test accuracy"] if classes else [])), rows


def _row(part: xr.Dataset, good: xr.DataArray, constant: float, classes: bool) -> list[str]:
    losses = part["loss"].values / constant
    finite = np.where(np.isfinite(losses), losses, np.inf)
    numbers = [f"{value:.3g}" for value in np.quantile(finite, (0.0, 0.5, 0.95), method="nearest")]
    low, high = statistics.share(int(good.sum()), good.size)
    shares = [f"{float(good.mean()):.1%} [{low:.1%}, {high:.1%}]", f"{np.mean(~np.isfinite(losses)):.1%}"]
    return [*numbers, *shares, *([f"{np.median(part['accuracy']):.1%}"] if classes else [])]
