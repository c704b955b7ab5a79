"""Findings on rows per update, on stopping, and on the effects of initial weights and of the rows' order."""

from collections.abc import Iterator

import numpy as np
import xarray as xr

from experiments.digits.crossed import CROSSED
from experiments.digits.training import (
    ALL_EPOCHS,
    ALL_ROWS,
    AS_MANY,
    LECUN,
    ONE_EPOCH,
    ONE_ROW,
    PLATEAU,
    STOPS,
    TEN_ROWS,
)
from experiments.runner import expectations, statistics
from experiments.runner.findings import Finding, mean, measured

EXPECTED = expectations.of("digits")
NEEDED = {"one-row-minus-ten": statistics.MANY}
"""Number of seeds needed to judge a small difference; with 20, the interval exceeds the expected range."""
SLUGS = {next(iter(set(STOPS) - {ALL_EPOCHS})): "validation", PLATEAU: "plateau"}
"""{stopping criterion: its name in a finding's id}."""


def at_best_rates(updates: xr.Dataset) -> tuple[xr.DataArray, list[str]]:
    """Return accuracies (b, s) at the best rate for each number of rows per update, and the rates chosen."""
    accuracies, chosen = zip(*map(statistics.at_best, updates["accuracy"].values), strict=True)
    coordinates = {"rows_per_update": updates["rows_per_update"].values}
    array = xr.DataArray(np.stack(accuracies), coordinates, ("rows_per_update", "seed"))
    return array, list(map(statistics.either, updates["rate"].values, chosen))


def of_updates(updates: xr.Dataset) -> Iterator[Finding]:
    """Judge the number of rows per update, after equally many epochs and after equally many updates."""
    accuracy, _ = at_best_rates(updates)
    by_name = {
        str(name): accuracy.sel(rows_per_update=name).values for name in updates["rows_per_update"].values
    }
    epochs, note = updates.attrs["epochs"], f"each at the best of three rates; {accuracy.sizes['seed']} seeds"
    cases = (
        ("all-rows-minus-ten", "all rows", ALL_ROWS, TEN_ROWS, f"after {epochs} epochs", "as many rows seen"),
        ("one-row-minus-ten", "one row", ONE_ROW, TEN_ROWS, f"after {epochs} epochs", "as many rows seen"),
        (
            "all-rows-as-many-updates",
            "all rows",
            AS_MANY,
            ONE_EPOCH,
            "after as many updates",
            "one epoch of 10",
        ),
    )
    for id, words, name, other, when, nuance in cases:
        one, ten = by_name[name], by_name[other]
        if len(one) < NEEDED.get(id, 0):
            continue
        yield mean(
            EXPECTED[id],
            f"{words} per update minus 10 rows, {when}: test accuracy",
            one - ten,
            note=f"{one.mean():.1%} against {ten.mean():.1%}; {nuance}; {note}",
        )


def of_stopping(stopping: xr.Dataset) -> Iterator[Finding]:
    """Judge how much accuracy footnote 13's criteria lose, compared with training to the end."""
    accuracy = stopping["accuracy"]
    for name, slug in SLUGS.items():
        done = stopping["epochs"].sel(criterion=name).values
        yield mean(
            EXPECTED[f"stopping-{slug}"],
            f"stopping at {name}: test accuracy minus the accuracy after all epochs",
            accuracy.sel(criterion=name).values - accuracy.sel(criterion=ALL_EPOCHS).values,
            note=f"stops after {done.min()} to {done.max()} of {stopping.attrs['epochs']} epochs, median "
            f"{np.median(done):g}; same {len(done)} seeds",
        )


def of_weights_and_orders(crossed: xr.Dataset) -> Iterator[Finding]:
    """Judge whether seeds differ because of their initial weights rather than the order of their rows."""
    for name in CROSSED:
        losses = np.log(crossed["training_loss"].sel(start=name).transpose("seed", "order").values)
        parts = statistics.two_way(losses)
        shares = ", ".join(
            f"{word} {share:.0%}"
            for word, share in zip(("weights", "order", "both together"), parts.shares, strict=True)
        )
        slug = "lecun" if name == LECUN else "normal"
        yield measured(
            EXPECTED[f"weights-over-order-{slug}"],
            f"64-30-10, {name}: log training loss, ratio of mean squares, initial weights to orders",
            parts.ratio,
            parts.interval,
            note=f"{losses.shape[0]} initial weights with each of {losses.shape[1]} orders, both resampled; "
            f"parts of the variance of the loss's logarithm: {shares}",
        )
