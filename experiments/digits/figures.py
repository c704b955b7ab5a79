"""What the experiment on digits finds and shows."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.digits.training import STOPS
from experiments.runner import findings as claims
from experiments.runner import statistics, style
from experiments.runner.experiment import Finding, Table
from nnjax import REASONS

VARY = "handout: “different weight initializations … different minima, which can vary substantially”"
GROUPS = "handout: “for multiclass classification you use an output node per group”"
BATCHES = "handout, footnote 12: changes “accumulated over e.g. 48 rows”"
STOPPING = "handout, footnote 13: “a certain validation error threshold or … a stable state”"
NIELSEN, ENTROPY, LECUN = "N(0, 1), SSE", "N(0, 1), cross-entropy", "LeCun, SSE"
OTHER = "N(0, 1), SSE, other order"
EARLY, SILENT, HEARD = 5, 0.05, 0.5
"""After so many epochs a node that says less than this on its digit's rows is silent; above ½ it is heard."""
POOR = 0.93
"""Below this test accuracy are the seeds that lost a digit: the two groups lie apart."""
ENOUGH, ENOUGH_EPOCHS = 100, 20
"""Seeds and epochs below which nothing is said of seeds."""


def last(data: xr.Dataset, name: str, start: str) -> np.ndarray:
    """Test accuracy after the last epoch (s,), or what a digit's node says, or its δ there (s, c)."""
    return data[name].sel(start=start).isel(epoch=-1).values


def lost(data: xr.Dataset, start: str) -> np.ndarray:
    """Which digits (s, c) a seed never answers with at the end, although they are there."""
    given = data["label"].sel(start=start).values
    return np.stack([~(given == digit).any(axis=1) for digit in data["digit"].values], axis=1)


def findings(data: xr.Dataset) -> list[Finding]:
    """The handout's sentences on seeds, losses, batches and stopping."""
    if data.attrs["data"] != "digits":
        return []
    enough = data.sizes["seed"] >= ENOUGH and data.sizes["epoch"] > ENOUGH_EPOCHS
    few = data.sizes["batch_seed"] >= 5 and data.attrs["batch_epochs"] >= 5
    return [*(_of_seeds(data) if enough else ()), *(_of_batches(data) if few else ())]


def _of_seeds(data: xr.Dataset) -> Iterator[Finding]:
    lecun, nielsen, entropy = (last(data, "accuracy", name) for name in (LECUN, NIELSEN, ENTROPY))
    note = f"{len(lecun)} seeds, {lecun.min():.1%} to {lecun.max():.1%}"
    yield claims.median("64-30-10, LeCun's initial weights: test accuracy", GROUPS, (0.97, 0.98), lecun, note)
    claim = f"N(0, 1) initial weights and biases: share of the seeds below {POOR:.0%}"
    note = (
        f"{nielsen.min():.1%} to {nielsen.max():.1%}, median {np.median(nielsen):.1%}; "
        f"LeCun: {np.sum(lecun < POOR)} of {len(lecun)}"
    )
    yield claims.share(claim, VARY, (0.05, 1.0), nielsen < POOR, note)
    missing = lost(data, NIELSEN)
    claim = f"exceptions from: the seeds below {POOR:.0%} are those that never say some digit"
    odd = (nielsen < POOR) != missing.any(axis=1)
    note = f"{int(odd.sum())} of {len(odd)}; {int(missing.any(axis=1).sum())} seeds lost a digit"
    yield claims.share(claim, "two groups of ends", (0.0, 0.1), odd, note)
    if missing.any():
        said, delta = (last(data, name, NIELSEN)[missing] for name in ("said", "delta"))
        claim = "on rows of a lost digit: δ = 2(y − ŷ) · a(1 − a) of its output node, mean over the rows"
        note = (
            f"{missing.sum()} lost digits; it says {np.median(said):.2g} (median), right were 1: the nearer "
            "to 0, the smaller is a(1 − a)"
        )
        yield claims.median(claim, "handout: δ for SSE and sigmoid", (0.0, 0.05), delta, note)
    yield from _silent(data)
    claim = f"the same initial weights, share below {POOR:.0%}: squared error minus cross-entropy"
    note = (
        f"{np.mean(nielsen < POOR):.1%} against {np.mean(entropy < POOR):.1%}: δ = y − a stays 1 at a wrong "
        "node"
    )
    gain = (nielsen < POOR).astype(float) - (entropy < POOR)
    yield claims.mean(claim, "handout, footnote 8", (0.05, 1.0), gain, note)
    yield _fate(data, nielsen)


def _silent(data: xr.Dataset) -> Iterator[Finding]:
    """A silent node has next to no δ; does it stay so?"""
    said = data["said"].sel(start=NIELSEN).transpose("epoch", "seed", "digit").values
    silent = said[EARLY] < SILENT
    if silent.sum() >= 20:
        claim = f"output nodes silent after {EARLY} epochs: share that is heard after all epochs"
        note = f"{silent.sum()} nodes; δ is small, not 0, and a node comes back all at once"
        heard = said[-1][silent] > HEARD
        yield claims.share(claim, "that a saturated node is lost for good", (0.0, 0.05), heard, note)


def _fate(data: xr.Dataset, nielsen: np.ndarray) -> Finding:
    """Does the start decide, or the order of the rows?"""
    first, second = nielsen < POOR, last(data, "accuracy", OTHER) < POOR
    claim = f"rows in another order: how much likelier those seeds end below {POOR:.0%} than the rest"
    note = (
        f"{second[first].mean():.0%} of those that did with the first order, {second[~first].mean():.0%} of "
        "the rest; 0 if the start decided nothing, 1 if it decided all"
    )
    if not 0 < first.sum() < len(first):
        return Finding(claim, VARY, (0.25, 1.0), np.nan, (np.nan, np.nan), note="only one group of seeds")

    found = statistics.difference_of_means(second[first], second[~first])
    return Finding(
        claim, VARY, (0.25, 1.0), float(second[first].mean() - second[~first].mean()), found, note=note
    )


def best(data: xr.Dataset) -> tuple[np.ndarray, list[str]]:
    """For each number of rows per update, accuracies (batch, seed) at the best rate, and that rate or two."""
    accuracies, chosen = zip(*map(statistics.at_best, data["batch_accuracy"].values), strict=True)
    return np.stack(accuracies), list(map(statistics.either, data["batch_rate"].values, chosen))


def _of_batches(data: xr.Dataset) -> Iterator[Finding]:
    accuracy, _ = best(data)
    claim = f"all rows per update minus 10 rows, after {data.attrs['batch_epochs']} epochs: test accuracy"
    note = "each at the best of three rates; as many rows seen, a hundredth as many updates"
    yield claims.mean(claim, BATCHES, (-1.0, -0.02), accuracy[-1] - accuracy[1], note)
    claim = "one row per update minus 10 rows: test accuracy"
    yield claims.mean(claim, BATCHES, (-0.02, 0.02), accuracy[0] - accuracy[1], "the same")
    stop = data["stop_accuracy"].values
    for k, name in enumerate(data["stop"].values[1:], start=1):
        done = data["stop_epochs"].values[k]
        claim = f"stopping at {name}: test accuracy minus that after all epochs"
        note = f"stops after {done.min()} to {done.max()} of {data.sizes['epoch'] - 1} epochs; same seeds"
        yield claims.mean(claim, STOPPING, (-0.02, 0.02), stop[k] - stop[0], note)


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Starts and losses; rows per update; stopping."""
    starts = []
    for name in data["start"].values:
        accuracy = last(data, "accuracy", name)
        poor = accuracy < POOR
        low, high = statistics.share(int(poor.sum()), len(poor))
        digits = lost(data, name).any(axis=1)
        starts.append(
            [
                name,
                f"{np.median(accuracy):.1%}",
                f"{accuracy.min():.1%} to {accuracy.max():.1%}",
                f"{poor.mean():.1%} [{low:.1%}, {high:.1%}]",
                f"{digits.mean():.1%}",
            ]
        )
    accuracies, rates = best(data)
    updates = [
        [name, rate, f"{np.median(own):.1%}", f"{own.min():.1%} to {own.max():.1%}"]
        for name, rate, own in zip(data["batch"].values, rates, accuracies, strict=True)
    ]
    stops = []
    for name in STOPS:
        part = data.sel(stop=name)
        done, reasons = part["stop_epochs"].values, part["stop_reason"].values
        why = ", ".join(f"{REASONS[k]} {np.mean(reasons == k):.0%}" for k in np.unique(reasons))
        stops.append([name, f"{np.median(done):g}", why, f"{np.median(part['stop_accuracy']):.1%}"])
    header = ("start and loss", "median accuracy", "range", f"below {POOR:.0%}", "seeds that lost a digit")
    return {
        f"Test accuracy over {data.sizes['seed']} seeds": (header, starts),
        f"Rows per update, {data.attrs['batch_epochs']} epochs, {data.sizes['batch_seed']} seeds": (
            ("rows", "best rate", "median accuracy", "range"),
            updates,
        ),
        "Stopping": (("criterion", "epochs, median", "reasons", "accuracy, median"), stops),
    }


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Accuracy per epoch; a lost digit; confusions; hidden weights; misread digits."""
    return {
        "accuracy": (_accuracy(data), ACCURACY),
        "lost": (_lost(data), LOST),
        "confusion": (_confusion(data), CONFUSION),
        "hidden": (_hidden(data), HIDDEN),
        "misread": (_misread(data), MISREAD),
    }


ACCURACY = (
    "Share of the test rows labelled right after each epoch, one line per seed. With N(0, 1) initial "
    "weights and squared error many seeds miss a digit for a while, and some (orange) to the end; with "
    "cross-entropy the same initial weights do not."
)
LOST = (
    "Why: each point is one seed and one digit at the end; across, what that digit's output node says on "
    "its own digit's rows (1 is right), upwards its mean δ there. Lines: squared error's 2(1 − a) · a(1 − "
    "a) is 0 at a = 0 as well as at a = 1, so that a node which says 0 on all its rows is hardly corrected; "
    "cross-entropy's is 1 − a."
)
CONFUSION = (
    "Which digit is read as which: rows of the test set, in percent of the true digit, over all seeds. "
    "Left: LeCun's initial weights. Right: N(0, 1), where columns of lost digits are paler."
)
HIDDEN = (
    "The weights into each hidden node of one trained network, as pictures: blue is negative, red positive, "
    "white 0."
)
MISREAD = (
    "The test digits that the most seeds get wrong (LeCun's initial weights): what it is, what is read most "
    "often instead, and by how many of the seeds it is misread."
)


def _accuracy(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    shown = (LECUN, NIELSEN, ENTROPY)
    for axis, name in zip(figure.subplots(1, 3, sharey=True), shown, strict=True):
        values = data["accuracy"].sel(start=name).values
        poor = values[:, -1] < POOR
        for kind, colour in ((~poor, style.COLOURS[0]), (poor, style.COLOURS[1])):
            axis.plot(values[kind].T, color=colour, lw=0.5, alpha=0.5)
        axis.set(title=name, xlabel="epoch", ylim=(0, 1))
        axis.text(0.97, 0.05, f"{poor.mean():.0%} end below {POOR:.0%}", ha="right", transform=axis.transAxes)
    figure.axes[0].set_ylabel("test accuracy")
    return figure


def _lost(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axis = figure.subplots()
    for name, colour in ((ENTROPY, style.COLOURS[2]), (NIELSEN, style.COLOURS[0])):
        said, delta = (last(data, each, name) for each in ("said", "delta"))
        missing = lost(data, name)
        axis.plot(said[~missing], delta[~missing], ".", color=colour, ms=3, alpha=0.5, label=name)
        if missing.any():
            label = f"{name}: digit never said"
            axis.plot(said[missing], delta[missing], "o", color=style.COLOURS[1], ms=5, label=label)
    a = np.linspace(0, 1, 200)
    axis.plot(a, 1 - a, color=style.COLOURS[2], lw=1, ls="--")
    axis.plot(a, 2 * a * (1 - a) ** 2, color=style.COLOURS[0], lw=1, ls="--")
    axis.set(xlabel="what the digit's node says on its own rows", ylabel="its δ there")
    axis.legend(loc="upper right", fontsize=9)
    return figure


def _confusion(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 4.4), layout="constrained")
    truth = data["truth"].values
    for axis, name in zip(figure.subplots(1, 2), (LECUN, NIELSEN), strict=True):
        given = data["label"].sel(start=name).values
        share = np.array([[np.mean(given[:, truth == t] == g) for g in range(10)] for t in range(10)])
        axis.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1.3)
        for (t, g), value in np.ndenumerate(share):
            if value >= 0.0005:
                colour = "white" if value > 0.5 else "black"
                axis.text(g, t, f"{100 * value:.1f}", ha="center", va="center", fontsize=8, color=colour)
        axis.set(title=name, xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10))
        axis.grid(False)
    return figure


def _hidden(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    weights = data["hidden_weights"].values
    reach = np.abs(weights).max()
    for axis, picture in zip(figure.subplots(3, 10).ravel(), weights, strict=True):
        axis.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach)
        axis.set_axis_off()
    return figure


def _misread(data: xr.Dataset) -> Figure:
    given, truth = data["label"].sel(start=LECUN).values, data["truth"].values
    share = np.mean(given != truth, axis=0)
    figure = Figure(figsize=(9.4, 4.2), layout="constrained")
    for axis, row in zip(figure.subplots(2, 6).ravel(), np.argsort(-share, kind="stable"), strict=False):
        wrong = given[given[:, row] != truth[row], row]
        read = np.bincount(wrong, minlength=10).argmax() if len(wrong) else truth[row]
        axis.imshow(data["image"].values[row], cmap="gray_r")
        axis.set_title(f"a {truth[row]}, read as {read}\nby {share[row]:.0%}", fontsize=10)
        axis.set_axis_off()
    return figure
