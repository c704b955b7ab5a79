"""The findings and tables of the experiment on digits."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.digits import training_findings
from experiments.digits.mnist import findings as mnist_findings
from experiments.digits.training import ENTROPY, LECUN, NIELSEN, OTHER_ORDER
from experiments.digits.training_findings import at_best_rates
from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, mean, measured, median, share
from nnjax import REASONS

EXPECTED = expectations.of("digits")

EARLY, SILENT, HEARD = 5, 0.05, 0.5
"""A node is silent if its output on its digit's rows is below SILENT after EARLY epochs, and heard if it is
above HEARD."""
POOR = 0.93
"""Seeds that lost a digit have a test accuracy below this, and those that lost none have one above it."""
ENOUGH, ENOUGH_EPOCHS = 100, 20
"""The minimum numbers of seeds and epochs for results to be judged."""
TWO_STARTS = {"lecun": (LECUN, "LeCun weights"), "normal": (NIELSEN, "N(0, 1) weights")}


def last(starts: xr.Dataset, name: str, start: str) -> np.ndarray:
    """Read from the last epoch the test accuracy (s,), or the output or the δ of each digit's node (s, c)."""
    return starts[name].sel(start=start).isel(epoch=-1).values


def lost(starts: xr.Dataset, start: str) -> np.ndarray:
    """Find the digits (s, c) that a trained seed never gives as its answer to a test row."""
    labels = starts["label"].sel(start=start).values
    return np.stack([~(labels == digit).any(axis=1) for digit in starts["digit"].values], axis=1)


def apart(starts: xr.Dataset, start: str) -> np.ndarray:
    """Compute the share of test rows that two seeds label differently, for disjoint pairs of seeds, (p,)."""
    labels = starts["label"].sel(start=start).values
    first, second = (labels[k : len(labels) - len(labels) % 2 : 2] for k in (0, 1))
    return np.mean(first != second, axis=1)


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the handout's sentences about seeds, losses, batches and stopping, and Nielsen's numbers."""
    starts, updates = data["starts"].to_dataset(), data["updates"].to_dataset()
    enough = starts.sizes["seed"] >= ENOUGH and starts.sizes["epoch"] > ENOUGH_EPOCHS
    few = updates.sizes["seed"] >= 5 and updates.attrs["epochs"] >= 5
    return [
        *(_of_seeds(starts) if enough else ()),
        *(_of_training(data) if few else ()),
        *(mnist_findings.findings(*of_mnist(data)) if "mnist" in data else ()),
    ]


def of_mnist(data: xr.DataTree) -> tuple[xr.Dataset, xr.Dataset]:
    """Return what a run with MNIST adds: trained networks, and networks at birth."""
    return data["mnist"].to_dataset(), data["births"].to_dataset()


def _of_training(data: xr.DataTree) -> Iterator[Finding]:
    yield from training_findings.of_weights_and_orders(data["crossed"].to_dataset())
    yield from training_findings.of_updates(data["updates"].to_dataset())
    yield from training_findings.of_stopping(data["stopping"].to_dataset())


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
    """Judge how much the seeds differ in training loss."""
    accuracy, loss = last(starts, "accuracy", start), starts["training_loss"].sel(start=start).values
    spread = f"accuracy {accuracy.min():.1%} to {accuracy.max():.1%}, median {np.median(accuracy):.1%}"
    yield measured(
        EXPECTED[f"loss-spread-{slug}"],
        f"{what}: training loss, 95 % quantile of the seeds divided by the 5 % quantile, at least 2",
        float(_ratio_of_quantiles(loss)),
        statistics.bootstrap(loss, _ratio_of_quantiles),
        note=f"SSE per row {loss.min():.4f} to {loss.max():.4f}, {spread}; ends of training, not certified",
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
        "the nearer this is to 0, the smaller a(1 − a) is",
    )


def silences(starts: xr.Dataset, since: int) -> np.ndarray:
    """Count the epochs from `since` until a digit's node is heard, for each seed, order and digit (s, 2 c).

    The count is NaN if the node was not silent at `since`, and inf if it is never heard.
    """
    said = (
        starts["said"].sel(start=[NIELSEN, OTHER_ORDER]).transpose("epoch", "seed", "start", "digit").values
    )
    heard = said[since:] > HEARD
    wait = np.where(heard.any(axis=0), heard.argmax(axis=0), np.inf)
    return np.where(said[since] < SILENT, wait, np.nan).reshape(said.shape[1], -1)


def _heard(waits: np.ndarray) -> float:
    """Compute, from waits (...), the share of the silent nodes that are ever heard."""
    silent = ~np.isnan(waits)
    return float(np.isfinite(waits[silent]).mean()) if silent.any() else np.nan


def _silent(starts: xr.Dataset) -> Iterator[Finding]:
    """Judge whether silent nodes, whose δ is nearly 0, stay silent; nodes of one seed are not independent."""
    waits, last_epoch = silences(starts, EARLY), starts.sizes["epoch"] - 1
    silent = ~np.isnan(waits)
    if silent.sum() < 20:
        return
    others = [f"{_heard(silences(starts, since)):.0%} of those after {since}" for since in (3, 10)]
    still = [f"{np.mean(waits[silent] > after):.0%} after {after}" for after in (2, 5, 10)]
    yield measured(
        EXPECTED["silent-nodes-heard"],
        f"output nodes silent after {EARLY} epochs: share that are heard by epoch {last_epoch}",
        _heard(waits),
        statistics.clustered([row[None] for row in waits], _heard),
        note=f"{silent.sum()} nodes of {silent.any(axis=1).sum()} seeds, two orders each, resampled by seed; "
        f"{', '.join(others)}; still silent: {', '.join(still)} more epochs",
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
    """Judge whether a seed's end is decided by its start or by the order of the rows."""
    second = last(starts, "accuracy", OTHER_ORDER) < POOR
    value, interval, note = np.nan, (np.nan, np.nan), "only one group of seeds"
    if 0 < first.sum() < len(first):
        value = float(second[first].mean() - second[~first].mean())
        interval = statistics.difference_of_shares(second[first], second[~first])
        note = (
            f"{second[first].mean():.0%} of those that did so with the first order, "
            f"{second[~first].mean():.0%} of the rest; a difference of 0 would mean that the "
            "start decides nothing, and a difference of 1 that it decides everything"
        )
    return measured(
        EXPECTED["poor-in-other-order"],
        f"with the rows reordered: how much more often the same seeds end below {POOR:.0%}",
        value,
        interval,
        note=note,
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
        **(mnist_findings.tables(*of_mnist(data)) if "mnist" in data else {}),
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
