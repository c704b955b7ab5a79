"""What the experiment on digits shows."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from experiments.digits.findings import POOR, apart, last, lost, of_mnist
from experiments.digits.mnist import figures as mnist_figures
from experiments.digits.training import ENTROPY, LECUN, NIELSEN
from experiments.runner import style

ACCURACY = (
    "Share of the test rows labelled right after each epoch, one line per seed. With N(0, 1) initial "
    "weights and squared error many seeds miss a digit for a while, and some (orange) to the end; with "
    "cross-entropy the same initial weights do not."
)
LOST = (
    "Why: each point is one seed and one digit at the end; x: the node's mean output on its own digit's rows "
    "(1 is correct); y: its mean δ on those rows. Lines: squared error's 2(1 − a) · a(1 − "
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
ENDS = (
    "Two kinds of initial weights, squared error. Left: each seed's loss on the training rows and its "
    "accuracy on the test rows; nearly all seeds apart from the crowd lost a digit. Right: how many of the "
    "test rows two seeds label differently, over pairs without a common seed."
)


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw accuracy per epoch; a lost digit; the ends; confusions; hidden weights; misread digits."""
    starts, pictures = data["starts"].to_dataset(), data["pictures"].to_dataset()
    return {
        "accuracy": (_accuracy(starts), ACCURACY),
        "lost": (_lost(starts), LOST),
        "ends": (_ends(starts), ENDS),
        "confusion": (_confusion(starts), CONFUSION),
        "hidden": (_hidden(pictures["hidden_weights"].values), HIDDEN),
        "misread": (_misread(starts, pictures["image"].values), MISREAD),
        **(mnist_figures.figures(*of_mnist(data)) if "mnist" in data else {}),
    }


def _accuracy(starts: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    shown = (LECUN, NIELSEN, ENTROPY)
    for axis, name in zip(figure.subplots(1, 3, sharey=True), shown, strict=True):
        values = starts["accuracy"].sel(start=name).values
        poor = values[:, -1] < POOR
        for kind, colour in ((~poor, style.COLOURS[0]), (poor, style.COLOURS[1])):
            axis.plot(values[kind].T, color=colour, lw=0.5, alpha=0.5)
        axis.set(title=name, xlabel="epoch", ylim=(0, 1))
        axis.text(0.97, 0.05, f"{poor.mean():.0%} end below {POOR:.0%}", ha="right", transform=axis.transAxes)
    figure.axes[0].set_ylabel("test accuracy")
    return figure


def _lost(starts: xr.Dataset) -> Figure:
    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axis = figure.subplots()
    for name, colour in ((ENTROPY, style.COLOURS[2]), (NIELSEN, style.COLOURS[0])):
        said, delta = (last(starts, column, name) for column in ("said", "delta"))
        missing = lost(starts, name)
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


def _ends(starts: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = {"LeCun weights": LECUN, "N(0, 1) weights": NIELSEN}
    differing = {label: 100 * apart(starts, name) for label, name in shown.items()}
    bins = np.linspace(0, max(map(np.max, differing.values())) + 0.5, 40)
    for k, (label, name) in enumerate(shown.items()):
        loss, accuracy = starts["training_loss"].sel(start=name).values, last(starts, "accuracy", name)
        look = {"color": style.COLOURS[k], "label": label}
        left.plot(loss, 100 * accuracy, "ox"[k % 2], ms=3, alpha=0.6, zorder=3 - k, **look)
        right.hist(differing[label], bins, alpha=0.7, **look)
    left.set(xlabel="training loss, SSE per row", ylabel="test accuracy, %", xscale="log")
    style.plain_ticks(left.xaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    left.legend(loc="lower left")
    right.legend()
    right.set(xlabel="test rows that two seeds label differently, %", ylabel="pairs of seeds")
    return figure


def _confusion(starts: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9.4, 4.4), layout="constrained")
    truth = starts["truth"].values
    for axis, name in zip(figure.subplots(1, 2), (LECUN, NIELSEN), strict=True):
        given = starts["label"].sel(start=name).values
        share = np.array([[np.mean(given[:, truth == t] == g) for g in range(10)] for t in range(10)])
        axis.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1.3)
        for (t, g), value in np.ndenumerate(share):
            if value >= 0.0005:
                colour = "white" if value > 0.5 else "black"
                axis.text(g, t, f"{100 * value:.1f}", ha="center", va="center", fontsize=8, color=colour)
        axis.set(title=name, xlabel="read as", ylabel="is", xticks=range(10), yticks=range(10))
        axis.grid(False)
    return figure


def _hidden(weights: np.ndarray) -> Figure:
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    reach = np.abs(weights).max()
    for axis, picture in zip(figure.subplots(3, 10).ravel(), weights, strict=True):
        axis.imshow(picture, cmap="RdBu_r", vmin=-reach, vmax=reach)
        axis.set_axis_off()
    return figure


def _misread(starts: xr.Dataset, images: np.ndarray) -> Figure:
    given, truth = starts["label"].sel(start=LECUN).values, starts["truth"].values
    share = np.mean(given != truth, axis=0)
    figure = Figure(figsize=(9.4, 4.2), layout="constrained")
    for axis, row in zip(figure.subplots(2, 6).ravel(), np.argsort(-share, kind="stable"), strict=False):
        wrong = given[given[:, row] != truth[row], row]
        read = np.bincount(wrong, minlength=10).argmax() if len(wrong) else truth[row]
        axis.imshow(images[row], cmap="gray_r")
        axis.set_title(f"a {truth[row]}, read as {read}\nby {share[row]:.0%}", fontsize=10)
        axis.set_axis_off()
    return figure
