"""The figures of the experiment on digits."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib import colors
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from experiments.digits.example import answers, example
from experiments.digits.findings import EARLY, POOR, apart, last, lost, of_mnist
from experiments.digits.mnist import figures as mnist_figures
from experiments.digits.training import ENTROPY, LECUN, NIELSEN
from experiments.runner import style
from experiments.runner.experiment import Drawing

TITLES = {
    NIELSEN: "N(0, 1), squared error",
    ENTROPY: "N(0, 1), cross-entropy",
    LECUN: "LeCun's weights, squared error",
}
"""Initial weights and losses, as named in the panels' headings."""
ACCURACY = (
    "The band holds the seeds that are at {poor:.0f} % or above from epoch {early} on, and the thick line is "
    "their median. All other seeds have thin lines, orange if they end below {poor:.0f} %. The networks of "
    "the first two panels start from the same weights."
)
ANSWERS = (
    "Both networks start from the same N(0, 1) weights (seed {seed}); one is trained with squared error, the "
    "other with cross-entropy. Each row is a digit that is shown, each column an answer, and the numbers "
    "count test rows; right answers lie on the diagonal."
)
TWINS = {NIELSEN: "squared error", ENTROPY: "cross-entropy"}
"""The starts that are compared, with the names of their losses; a seed gives both starts the same weights."""
LOST = (
    "Each point is one digit for one seed after training from N(0, 1) weights: the output of the digit's "
    "node on the rows of that digit (1 is right), and the node's δ there, both averaged. Dashed: the formula "
    "for a node whose activation is a on every row."
)
MISREAD = (
    "The test digits that the most seeds get wrong, if they start from LeCun's weights: what each digit is, "
    "how it is most often read, and by how many of the seeds it is misread."
)
ENDS = (
    "Two kinds of initial weights, squared error. First: each seed's loss on the training rows and its "
    "accuracy on the test rows; nearly all outliers lost a digit. Second: how many of the "
    "test rows two seeds label differently, over pairs that share no seed. Pairs from N(0, 1) weights are "
    "labelled with the number of digits that the two seeds have lost together."
)


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw accuracy by epoch, lost digits, misread digits, and the ends."""
    starts, pictures = data["starts"].to_dataset(), data["pictures"].to_dataset()
    caption = ACCURACY.format(poor=100 * POOR, early=EARLY)
    panels = [_accuracy(starts, start) for start in TITLES]
    return {
        "accuracy": Drawing(
            "Whether a digit is lost depends on the initial weights and on the loss", panels, caption
        ),
        "answers": _example(starts),
        "lost": Drawing("A node that says 0 learns almost nothing from squared error", [_lost(starts)], LOST),
        "misread": Drawing(
            "Some digits mislead nearly every network", _misread(starts, pictures["image"].values), MISREAD
        ),
        "ends": Drawing(
            "Large initial weights make seeds end farther apart", [_losses(starts), _apart(starts)], ENDS
        ),
        **(mnist_figures.figures(*of_mnist(data)) if "mnist" in data else {}),
    }


def _accuracy(starts: xr.Dataset, start: str) -> Figure:
    figure, axes = style.panel()
    values, epochs = 100 * starts["accuracy"].sel(start=start).values, starts["epoch"].values
    poor, crowd = values[:, -1] < 100 * POOR, (values[:, EARLY:] >= 100 * POOR).all(axis=1)
    if crowd.any():
        band = values[crowd].min(axis=0), values[crowd].max(axis=0)
        axes.fill_between(epochs, *band, color=style.COLOURS[0], alpha=0.35, lw=0)
        axes.plot(epochs, np.median(values[crowd], axis=0), color=style.COLOURS[0])
    for kind, colour in ((~poor & ~crowd, style.COLOURS[0]), (poor, style.COLOURS[1])):
        axes.plot(epochs, values[kind].T, color=colour, lw=0.6, alpha=0.7)
    axes.set(title=TITLES[start], xlabel="epoch", ylabel="test accuracy, %", ylim=(0, 102))
    look = {"ha": "right", "transform": axes.transAxes}
    axes.text(
        0.97, 0.05, f"{100 * poor.mean():.0f} % end below {100 * POOR:.0f} %", color=style.COLOURS[1], **look
    )
    return figure


def _example(starts: xr.Dataset) -> Drawing:
    """Draw the two networks' answers to each digit."""
    place, digit = example(starts)
    title = "The answers of two networks to each digit"
    if digit is not None:
        title = f"One network never answers {digit}; its twin, trained with cross-entropy, does"
    panels = [_answers(starts, start, place, digit) for start in TWINS]
    return Drawing(title, panels, ANSWERS.format(seed=int(starts["seed"][place])))


def _answers(starts: xr.Dataset, start: str, place: int, digit: int | None) -> Figure:
    figure, axes = style.panel(height=style.NARROW)
    counts = answers(starts, start, place)
    for shown, answered in np.argwhere(counts):
        right, count = shown == answered, counts[shown, answered]
        colour = style.COLOURS[0 if right else 1]
        corner, alpha = (answered - 0.5, shown - 0.5), 0.15 + 0.5 * count / counts.max()
        axes.add_patch(Rectangle(corner, 1, 1, color=colour, alpha=alpha, lw=0))
        axes.text(answered, shown, str(count), ha="center", va="center", fontsize=style.SMALL)
    if digit is not None and not counts[:, digit].any():
        axes.axvspan(digit - 0.5, digit + 0.5, fill=False, edgecolor=style.COLOURS[1], lw=2)
    axes.set(title=TWINS[start], xlabel="answered", ylabel="shown", xlim=(-0.5, 9.5), ylim=(9.5, -0.5))
    axes.set(xticks=range(10), yticks=range(10), aspect="equal")
    axes.grid(False)
    return figure


def _lost(starts: xr.Dataset) -> Figure:
    figure, axes = style.panel(height=300)
    a = np.linspace(0, 1, 200)
    curves = {ENTROPY: ("cross-entropy", 1 - a), NIELSEN: ("squared error", 2 * a * (1 - a) ** 2)}
    for (start, (name, curve)), colour in zip(
        curves.items(), (style.COLOURS[2], style.COLOURS[0]), strict=True
    ):
        said, delta = (last(starts, column, start) for column in ("said", "delta"))
        missing = lost(starts, start)
        axes.plot(said[~missing], delta[~missing], ".", color=colour, ms=3, alpha=0.5, rasterized=True)
        axes.plot(said[missing], delta[missing], "o", color=style.COLOURS[1], ms=5)
        axes.plot(a, curve, color=colour, lw=1, ls="--")
        axes.text(0.35, np.interp(0.35, a, curve) + 0.03, name, color=colour)
    if lost(starts, NIELSEN).any():
        axes.text(
            0.1, 0.03, "● digits that a\nseed never answers", color=style.COLOURS[1], fontsize=style.SMALL
        )
    axes.set(
        xlabel="output of a digit's node on the digit's rows, a", ylabel="its δ there", ylim=(-0.03, 1.05)
    )
    return figure


def _misread(starts: xr.Dataset, images: np.ndarray) -> list[Figure]:
    """Draw two panels of six digits each."""
    given, truth = starts["label"].sel(start=LECUN).values, starts["truth"].values
    share = np.mean(given != truth, axis=0)
    ink, panels = colors.to_rgb(style.COLOURS[0]), []
    for rows in np.argsort(-share, kind="stable")[:12].reshape(2, 6):
        figure, axes = style.panel()
        axes.remove()
        for cell, row in zip(figure.subplots(2, 3).ravel(), rows, strict=True):
            wrong = given[given[:, row] != truth[row], row]
            read = np.bincount(wrong, minlength=10).argmax() if len(wrong) else truth[row]
            shade = images[row] / images.max()
            cell.imshow(np.concatenate([np.broadcast_to(ink, (*shade.shape, 3)), shade[..., None]], axis=-1))
            cell.set_title(
                f"a {truth[row]}, read as {read}\nby {100 * share[row]:.0f} %", fontsize=style.SMALL
            )
            cell.set_axis_off()
        panels.append(figure)
    return panels


WEIGHTS = {"LeCun's weights": (LECUN, style.COLOURS[0]), "N(0, 1) weights": (NIELSEN, style.COLOURS[1])}


def _losses(starts: xr.Dataset) -> Figure:
    figure, axes = style.panel()
    for k, (label, (start, colour)) in enumerate(WEIGHTS.items()):
        loss, accuracy = (
            starts["training_loss"].sel(start=start).values,
            100 * last(starts, "accuracy", start),
        )
        axes.plot(loss, accuracy, "ox"[k], ms=3, alpha=0.6, zorder=3 - k, color=colour)
        axes.text(0.04, 0.06 + 0.09 * k, f"{'●×'[k]} {label}", color=colour, transform=axes.transAxes)
    axes.set(xlabel="training loss, SSE per row", ylabel="test accuracy, %", xscale="log")
    style.plain_ticks(axes.xaxis, (0.01, 0.02, 0.05, 0.1, 0.2, 0.5))
    return figure


def _apart(starts: xr.Dataset) -> Figure:
    figure, axes = style.panel()
    differing = {label: 100 * apart(starts, start) for label, (start, _) in WEIGHTS.items()}
    bins = np.linspace(0, max(map(np.max, differing.values())) + 0.5, 40)
    for k, (label, (_, colour)) in enumerate(WEIGHTS.items()):
        axes.hist(differing[label], bins, alpha=0.7, color=colour)
        axes.text(0.97, 0.9 - 0.09 * k, label, color=colour, ha="right", transform=axes.transAxes)
    digits = lost(starts, NIELSEN).sum(axis=1)
    together = digits[: len(digits) // 2 * 2].reshape(-1, 2).sum(axis=1)
    beside = {"textcoords": "offset points", "color": style.COLOURS[1], "fontsize": style.SMALL}
    for count, text in enumerate(("no digit", "one", "two")):
        if (together == count).any():
            values = differing["N(0, 1) weights"][together == count]
            height = np.histogram(values, bins)[0].max()
            axes.annotate(f"{text} lost", (np.median(values), height), (-6, 3), **beside)
    axes.set(xlabel="test rows labelled differently by two seeds, %", ylabel="pairs of seeds")
    return figure
