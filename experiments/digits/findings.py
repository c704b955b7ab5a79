"""What the experiment on digits finds, and its tables."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.digits.training import (
    ALL_EPOCHS,
    ALL_ROWS,
    ENTROPY,
    LECUN,
    NIELSEN,
    ONE_ROW,
    OTHER_ORDER,
    TEN_ROWS,
)
from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, mean, median, share
from nnjax import REASONS

EXPECTED = expectations.of("digits")

EARLY, SILENT, HEARD = 5, 0.05, 0.5
"""A node is silent if it says less than SILENT on its digit's rows after EARLY epochs, heard above HEARD."""
POOR = 0.93
"""Below this test accuracy are the seeds that lost a digit: the two groups lie apart."""
ENOUGH, ENOUGH_EPOCHS = 100, 20
"""Seeds and epochs below which nothing is said of seeds."""
TWO_STARTS = {"lecun": (LECUN, "LeCun weights"), "normal": (NIELSEN, "N(0, 1) weights")}
SLUGS = {"validation loss below 0.1 per row": "validation", "gradient norm below 50": "gradient-norm"}
"""Stopping criteria in the ids of findings."""


def last(starts: xr.Dataset, name: str, start: str) -> np.ndarray:
    """Read the test accuracy after the last epoch (s,), what a digit's node says, or its δ there (s, c)."""
    return starts[name].sel(start=start).isel(epoch=-1).values


def lost(starts: xr.Dataset, start: str) -> np.ndarray:
    """Tell which digits (s, c) a seed never answers with at the end, although they are there."""
    labels = starts["label"].sel(start=start).values
    return np.stack([~(labels == digit).any(axis=1) for digit in starts["digit"].values], axis=1)


def apart(starts: xr.Dataset, start: str) -> np.ndarray:
    """Share of the test rows that two seeds label differently (p,), for pairs that have no seed in common."""
    labels = starts["label"].sel(start=start).values
    first, second = (labels[k : len(labels) - len(labels) % 2 : 2] for k in (0, 1))
    return np.mean(first != second, axis=1)


def at_best_rates(updates: xr.Dataset) -> tuple[xr.DataArray, list[str]]:
    """For each number of rows per update: accuracies (b, s) at the best rate, and that rate or two."""
    accuracies, chosen = zip(*map(statistics.at_best, updates["accuracy"].values), strict=True)
    coordinates = {"rows_per_update": updates["rows_per_update"].values}
    array = xr.DataArray(np.stack(accuracies), coordinates, ("rows_per_update", "seed"))
    return array, list(map(statistics.either, updates["rate"].values, chosen))


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the handout's sentences on seeds, losses, batches and stopping; nothing is expected of MNIST."""
    if data.attrs["data"] != "digits":
        return []
    starts, updates = data["starts"].to_dataset(), data["updates"].to_dataset()
    enough = starts.sizes["seed"] >= ENOUGH and starts.sizes["epoch"] > ENOUGH_EPOCHS
    few = updates.sizes["seed"] >= 5 and updates.attrs["epochs"] >= 5
    return [
        *(_of_seeds(starts) if enough else ()),
        *((*_of_updates(updates), *_of_stopping(data["stopping"].to_dataset())) if few else ()),
    ]


def _of_seeds(starts: xr.Dataset) -> Iterator[Finding]:
    lecun = last(starts, "accuracy", LECUN)
    yield median(
        EXPECTED["lecun-accuracy"],
        "64-30-10, LeCun's initial weights: test accuracy",
        lecun,
        note=f"{len(lecun)} seeds, {lecun.min():.1%} to {lecun.max():.1%}",
    )
    for slug, (start, weights) in TWO_STARTS.items():
        yield from _spread(starts, start, slug, f"64-30-10, {weights}, SSE")
    poor, missing = last(starts, "accuracy", NIELSEN) < POOR, lost(starts, NIELSEN)
    odd = poor != missing.any(axis=1)
    yield share(
        EXPECTED["poor-without-lost-digit"],
        f"N(0, 1) weights, SSE: seeds below {POOR:.0%} that answer every digit, or at {POOR:.0%} and above "
        "that miss one (share)",
        odd,
        note=f"{int(odd.sum())} of {len(odd)}; {int(missing.any(axis=1).sum())} seeds lost a digit",
    )
    if missing.any():
        yield _delta(starts, missing)
    yield from _silent(starts)
    yield _entropy(starts, poor)
    yield _fate(starts, poor)


def _spread(starts: xr.Dataset, start: str, slug: str, what: str) -> Iterator[Finding]:
    """How much do seeds differ: in accuracy, in training loss, in what they answer?"""
    accuracy, loss = last(starts, "accuracy", start), starts["training_loss"].sel(start=start).values
    poor, missing, pairs = accuracy < POOR, lost(starts, start).any(axis=1), apart(starts, start)
    note = f"{accuracy.min():.1%} to {accuracy.max():.1%}, median {np.median(accuracy):.1%}"
    if missing.any():
        note += f"; {np.sum(missing & poor)} of these {poor.sum()} never answer some digit"
    yield share(
        EXPECTED[f"poor-{slug}"],
        f"{what}: share of the seeds below {POOR:.0%} test accuracy, at least 1 in 20",
        poor,
        note=note,
    )
    yield Finding(
        EXPECTED[f"loss-spread-{slug}"],
        f"{what}: training loss, 95 % quantile of the seeds over 5 % quantile, at least 2",
        measured=float(_ratio_of_quantiles(loss)),
        interval=statistics.bootstrap(loss, _ratio_of_quantiles),
        note=f"SSE per row {loss.min():.4f} to {loss.max():.4f}; ends of training, not certified as minima",
    )
    yield median(
        EXPECTED[f"labelled-differently-{slug}"],
        f"{what}: share of test rows that two seeds label differently, median, at least 1 %",
        pairs,
        note=f"{len(pairs)} pairs without a common seed; a seed is wrong on {1 - np.median(accuracy):.1%} "
        "(median)",
    )


def _ratio_of_quantiles(values: np.ndarray, axis: int = -1) -> np.ndarray:
    low, high = np.quantile(values, (0.05, 0.95), axis=axis)
    return high / low


def _delta(starts: xr.Dataset, missing: np.ndarray) -> Finding:
    said, delta = (last(starts, name, NIELSEN)[missing] for name in ("said", "delta"))
    return median(
        EXPECTED["lost-digit-delta"],
        "on rows of a lost digit: δ = 2(y − ŷ) · a(1 − a) of its output node, mean over the rows",
        delta,
        note=f"{missing.sum()} lost digits; the node says {np.median(said):.2g} (median), where 1 is right: "
        "the nearer to 0, the smaller is a(1 − a)",
    )


def _silent(starts: xr.Dataset) -> Iterator[Finding]:
    """A silent node has next to no δ; does it stay so?"""
    said = starts["said"].sel(start=NIELSEN).transpose("epoch", "seed", "digit").values
    silent = said[EARLY] < SILENT
    if silent.sum() >= 20:
        yield share(
            EXPECTED["silent-nodes-heard"],
            f"output nodes silent after {EARLY} epochs: share that is heard after all epochs",
            said[-1][silent] > HEARD,
            note=f"{silent.sum()} nodes; δ is small, not 0, and a node comes back all at once",
        )


def _entropy(starts: xr.Dataset, poor: np.ndarray) -> Finding:
    entropy = last(starts, "accuracy", ENTROPY) < POOR
    return mean(
        EXPECTED["squared-error-minus-cross-entropy"],
        f"N(0, 1) weights, share below {POOR:.0%}: squared error minus cross-entropy",
        poor.astype(float) - entropy,
        note=f"same initial weights; {np.mean(poor):.1%} against {np.mean(entropy):.1%}: δ = y − a stays 1 "
        "at a wrong node",
    )


def _fate(starts: xr.Dataset, first: np.ndarray) -> Finding:
    """Does the start decide, or the order of the rows?"""
    second = last(starts, "accuracy", OTHER_ORDER) < POOR
    measured, interval, note = np.nan, (np.nan, np.nan), "only one group of seeds"
    if 0 < first.sum() < len(first):
        measured = float(second[first].mean() - second[~first].mean())
        interval = statistics.difference_of_means(second[first], second[~first])
        note = (
            f"{second[first].mean():.0%} of those that did with the first order, {second[~first].mean():.0%} "
            "of the rest; 0 if the start decided nothing, 1 if it decided all"
        )
    return Finding(
        EXPECTED["poor-in-other-order"],
        f"with the rows reordered: how much more often the same seeds end below {POOR:.0%}",
        measured=measured,
        interval=interval,
        note=note,
    )


def _of_updates(updates: xr.Dataset) -> Iterator[Finding]:
    accuracy, _ = at_best_rates(updates)
    one, ten, every = (accuracy.sel(rows_per_update=name).values for name in (ONE_ROW, TEN_ROWS, ALL_ROWS))
    note = "each at the best of three rates; as many rows seen"
    yield mean(
        EXPECTED["all-rows-minus-ten"],
        f"all rows per update minus 10 rows, after {updates.attrs['epochs']} epochs: test accuracy",
        every - ten,
        note=f"{note}, a hundredth as many updates",
    )
    yield mean(
        EXPECTED["one-row-minus-ten"],
        f"one row per update minus 10 rows, after {updates.attrs['epochs']} epochs: test accuracy",
        one - ten,
        note=f"{note}, ten times as many updates",
    )


def _of_stopping(stopping: xr.Dataset) -> Iterator[Finding]:
    accuracy = stopping["accuracy"]
    for name, slug in SLUGS.items():
        done = stopping["epochs"].sel(criterion=name).values
        yield mean(
            EXPECTED[f"stopping-{slug}"],
            f"stopping at {name}: test accuracy minus that after all epochs",
            accuracy.sel(criterion=name).values - accuracy.sel(criterion=ALL_EPOCHS).values,
            note=f"stops after {done.min()} to {done.max()} of {stopping.attrs['epochs']} epochs; same seeds",
        )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate starts and losses, ends of training, rows per update, and stopping."""
    starts, updates = data["starts"].to_dataset(), data["updates"].to_dataset()
    seeds, few, epochs = starts.sizes["seed"], updates.sizes["seed"], updates.attrs["epochs"]
    return {
        f"Test accuracy over {seeds} seeds": _accuracies(starts),
        f"Ends of training (not certified as minima), {seeds} seeds": _ends(starts),
        f"Rows per update, {epochs} epochs, {few} seeds": _updates(updates),
        "Stopping": _stopping(data["stopping"].to_dataset()),
    }


def _accuracies(starts: xr.Dataset) -> Table:
    rows = []
    for name in starts["start"].values:
        accuracy = last(starts, "accuracy", name)
        poor = accuracy < POOR
        low, high = statistics.share(int(poor.sum()), len(poor))
        rows.append(
            [
                name,
                f"{np.median(accuracy):.1%}",
                f"{accuracy.min():.1%} to {accuracy.max():.1%}",
                f"{poor.mean():.1%} [{low:.1%}, {high:.1%}]",
                f"{lost(starts, name).any(axis=1).mean():.1%}",
            ]
        )
    return (
        "start and loss",
        "median accuracy",
        "range",
        f"below {POOR:.0%}",
        "seeds that lost a digit",
    ), rows


def _ends(starts: xr.Dataset) -> Table:
    rows = []
    for name in starts["start"].values:
        loss, steepness = (starts[key].sel(start=name).values for key in ("training_loss", "gradient_norm"))
        pairs, shares = apart(starts, name), lost(starts, name).mean(axis=0)
        which = zip(starts["digit"].values, shares, strict=True)
        rows.append(
            [
                name,
                f"{np.median(loss):.4f} ({loss.min():.4f} to {loss.max():.4f})",
                f"{np.median(steepness):.1e}",
                f"{np.median(pairs):.1%} ({pairs.min():.1%} to {pairs.max():.1%})",
                ", ".join(f"{digit}: {part:.1%}" for digit, part in which if part) or "none",
            ]
        )
    header = ("start and loss", "training loss per row", "gradient per row, median", "two seeds differ on")
    return (*header, "lost digits, share of the seeds"), rows


def _updates(updates: xr.Dataset) -> Table:
    accuracies, rates = at_best_rates(updates)
    rows = [
        [name, rate, f"{np.median(row):.1%}", f"{row.min():.1%} to {row.max():.1%}"]
        for name, rate, row in zip(updates["rows_per_update"].values, rates, accuracies.values, strict=True)
    ]
    return ("rows", "best rate", "median accuracy", "range"), rows


def _stopping(stopping: xr.Dataset) -> Table:
    rows = []
    for name in stopping["criterion"].values:
        part = stopping.sel(criterion=name)
        reasons = part["reason"].values
        why = ", ".join(f"{REASONS[k]} {np.mean(reasons == k):.0%}" for k in np.unique(reasons))
        rows.append([name, f"{np.median(part['epochs']):g}", why, f"{np.median(part['accuracy']):.1%}"])
    return ("criterion", "epochs, median", "reasons", "accuracy, median"), rows
