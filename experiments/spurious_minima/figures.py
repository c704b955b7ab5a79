"""What the spurious minima show, beside Safran and Shamir's published table."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.runner import findings as claims
from experiments.runner import style
from experiments.runner.experiment import Finding, Table
from experiments.spurious_minima import objective as safran_shamir

SOURCE = "Safran & Shamir 2018, table 1"
STUCK = "handout: “we can get stuck in local minima, … but that is not the global minimum”"
PUBLISHED_RUNS = 1000
PUBLISHED: dict[int, tuple[float, float, float]] = {
    6: (0.3, 0.0047, 0.0251),
    7: (5.5, 0.0141, 0.0232),
    8: (12.6, 0.0213, 0.0215),
    9: (21.8, 0.0268, 0.0204),
    10: (34.6, 0.0304, 0.0203),
    11: (45.5, 0.0335, 0.0201),
    12: (58.5, 0.0351, 0.0213),
    13: (73.0, 0.0368, 0.0217),
    14: (73.6, 0.0375, 0.0231),
    15: (80.3, 0.0381, 0.0244),
    16: (85.1, 0.0378, 0.0267),
    17: (89.7, 0.0386, 0.0275),
    18: (90.0, 0.0387, 0.0288),
    19: (93.4, 0.0383, 0.0307),
    20: (94.9, 0.0379, 0.0329),
}
"""{k = n: (% of spurious runs, their mean smallest Hessian eigenvalue, their mean F)}, as published."""
SEED_FREE = (7, 0.0232027149)
"""A minimum that is known without any seed: k = n, and F there."""
STRICT = 1e-6
"""Far above what rounding leaves of an eigenvalue 0, 1e-14; the flattest minimum known, at k = 17 and n = 18,
has the smallest eigenvalue 3.8e-5."""
FEW = 10
"""Fewer spurious runs than this say nothing about their mean."""


def square(data: xr.Dataset) -> Iterator[tuple[int, xr.Dataset]]:
    """The published cells that are there: k = n, and their part of the data."""
    for index, (k, n) in enumerate(zip(data["k"].values, data["n"].values, strict=True)):
        if k == n and k in PUBLISHED:
            yield int(k), data.isel(cell=index)


def differences(data: xr.Dataset) -> dict[str, list[float]]:
    """Measured minus published, in standard errors of the difference, cell by cell."""
    found: dict[str, list[float]] = {"share": [], "mean_smallest_eigenvalue": [], "mean_objective": []}
    for k, part in square(data):
        percent, eigenvalue, objective = PUBLISHED[k]
        share, runs = float(part["share"]), int(part["runs"])
        pooled = (share * runs + percent / 100 * PUBLISHED_RUNS) / (runs + PUBLISHED_RUNS)
        error = np.sqrt(pooled * (1 - pooled) * (1 / runs + 1 / PUBLISHED_RUNS))
        found["share"].append((share - percent / 100) / error if error > 0 else 0.0)
        spurious = part["seed_outcome"].values == 1
        theirs = percent / 100 * PUBLISHED_RUNS
        pairs = {"smallest_eigenvalue": eigenvalue, "objective": objective}
        for name, published in pairs.items():
            values = part[f"seed_{name}"].values[spurious]
            if min(len(values), theirs) >= FEW:
                # The published means are rounded to four decimals.
                variance = np.var(values, ddof=1) * (1 / len(values) + 1 / theirs) + 1e-8 / 12
                found[f"mean_{name}"].append((values.mean() - published) / np.sqrt(variance))
    return found


def findings(data: xr.Dataset) -> list[Finding]:
    """The published columns, and that what is counted are minima."""
    return [*_published(data), *_minima(data)]


def _published(data: xr.Dataset) -> Iterator[Finding]:
    names = {
        "share": "share of spurious runs",
        "mean_objective": "mean F of the spurious runs",
        "mean_smallest_eigenvalue": "mean smallest eigenvalue of their Hessians",
    }
    cells = [k for k, _ in square(data)]
    for name, values in differences(data).items():
        if values:
            worst = max(values, key=abs)
            note = (
                f"the largest of {len(values)} differences, in standard errors of both samples; k = n from "
                f"{cells}"
            )
            yield claims.exact(f"{names[name]}: as published", SOURCE, (-4.0, 4.0), worst, note)
    largest = data.isel(cell=int(np.argmax(data["k"].values)))
    k, n = int(largest["k"]), int(largest["n"])
    yield Finding(
        f"k = {k}, n = {n}: descent gets stuck, share of the seeds",
        STUCK,
        (0.001, 1.0),
        float(largest["share"]),
        (float(largest["share_low"]), float(largest["share_high"])),
        note="in points certified (float64) as local minima and not global: gradient below 1e-9, positive "
        "definite Hessian, F > 0.001",
    )


def _minima(data: xr.Dataset) -> Iterator[Finding]:
    spurious = data["seed_outcome"].values == 1
    note = f"over {int(spurious.sum())} spurious runs"
    if spurious.any():
        smallest = float(data["seed_smallest_eigenvalue"].values[spurious].min())
        claim = "every spurious end is a strict minimum: smallest eigenvalue of any Hessian"
        yield claims.exact(claim, "definition", (STRICT, np.inf), smallest, note)
        largest = float(data["seed_gradient_norm"].values[spurious].max())
        claim = "every spurious end is stationary: largest gradient norm"
        yield claims.exact(claim, SOURCE + ": at most 1e-9", (0.0, safran_shamir.CONVERGED), largest, note)
        steep = float(data["largest_eigenvalue"].max())
        claim = f"the step {safran_shamir.STEP} is stable: largest Hessian eigenvalue at any end"
        limit = 2 / safran_shamir.STEP
        yield claims.exact(claim, "descent is stable below 2 / step", (0.0, limit), steep, note)
    rise = float(data["largest_rise"].max())
    claim = "F only falls: largest rise in any step of any run"
    note = "so a run below 1e-3 cannot end in a known spurious minimum; a rise this small is rounding"
    yield claims.exact(claim, "descent lemma", (0.0, safran_shamir.ROUNDING), rise, note)
    neither = float(data["unsettled"].sum() / data["runs"].sum())
    pushed = int(data["pushed_off_a_saddle"].sum())
    note = f"{pushed} runs came to rest at a saddle first and were pushed off it, as descent was leaving it"
    yield claims.exact("runs that end in neither (share)", "", (0.0, 0.0), neither, note)
    k, value = SEED_FREE
    there = (data["k"].values == k) & (data["n"].values == k)
    if there.any():
        mine = data["minimum_objective"].values[data["minimum_cell"].values == int(np.argmax(there))]
        if len(mine):
            nearest = mine[np.argmin(np.abs(mine - value))]
            claim = f"k = n = {k}: the minimum that is known without seeds is among those found: F"
            yield claims.exact(
                claim, "a matrix of five numbers that descent keeps", (value - 1e-9, value + 1e-9), nearest
            )


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """The published table beside ours, and the distinct minima."""
    rows = []
    for index in range(data.sizes["cell"]):
        part = data.isel(cell=index)
        k, n = int(part["k"]), int(part["n"])
        percent, eigenvalue, objective = PUBLISHED.get(k, (np.nan,) * 3) if k == n else (np.nan,) * 3
        share, low, high = (f"{100 * float(part[name]):.1f}" for name in ("share", "share_low", "share_high"))
        means = [_shown(float(part[name]), 4) for name in ("mean_objective", "mean_smallest_eigenvalue")]
        rows.append([k, n, int(part["runs"]), f"{share} [{low}, {high}]", _shown(percent, 1)])
        rows[-1] += [means[0], _shown(objective, 4), means[1], _shown(eigenvalue, 4)]
    header = ("k", "n", "runs", "spurious, %", "published", "mean F", "published", "eigenvalue", "published")
    found = [_minimum(data, index) for index in np.argsort(data["minimum_cell"].values, kind="stable")]
    columns = ("k", "n", "F", "runs", "smallest eigenvalue", "largest eigenvalue", "gradient norm")
    rows = [list(map(str, row)) for row in rows]
    return {
        "Spurious minima (published: 1000 runs each)": (header, rows),
        "Distinct minima": (columns, found),
    }


def _shown(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if np.isfinite(value) else ""


def _minimum(data: xr.Dataset, index: int) -> list[str]:
    one = data.isel(minimum=index)
    where = data.isel(cell=int(one["minimum_cell"]))
    values = [float(one[f"minimum_{name}"]) for name in ("smallest_eigenvalue", "largest_eigenvalue")]
    return [
        str(int(where["k"])),
        str(int(where["n"])),
        f"{float(one['minimum_objective']):.10f}",
        str(int(one["minimum_count"])),
        *(f"{value:.6f}" for value in values),
        f"{float(one['minimum_gradient_norm']):.1e}",
    ]


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Shares and means beside the published ones, and the distinct minima."""
    return {"table": (_table(data), TABLE), "minima": (_distinct(data), MINIMA)}


TABLE = (
    "Share of the seeds whose descent ends in a spurious minimum, mean F and mean smallest Hessian "
    "eigenvalue of those ends, against the number k of target neurons. Bars are 99.9 % intervals (none where "
    "all ends are copies of one minimum); crosses are Safran and Shamir's published values, which have none."
)
MINIMA = (
    "The distinct minima that were found: equal F and equal Hessian spectra count as copies of one. The "
    "larger a dot, the more seeds reached it. F = 0 is the global minimum."
)
DOT = 400
"""Area of a dot that all seeds reach, in square points."""


def _kinds(data: xr.Dataset) -> Iterator[tuple[int, str, str]]:
    """N − k, its label and colour, for each that is there."""
    for colour, more in zip(style.COLOURS, np.unique(data["n"].values - data["k"].values), strict=False):
        yield int(more), "n = k" if more == 0 else f"n = k + {more}", colour


def _means(part: xr.Dataset, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean of a number over each cell's spurious runs, and half its 99.9 % interval by their spread."""
    values = np.where(part["seed_outcome"].values == 1, part[f"seed_{name}"].values, np.nan)
    count = np.maximum(np.isfinite(values).sum(axis=1), 1)
    mean = np.nansum(values, axis=1) / count
    spread = np.sqrt(np.nansum((values - mean[:, None]) ** 2, axis=1) / np.maximum(count - 1, 1))
    some = np.isfinite(values).any(axis=1)
    return np.where(some, mean, np.nan), np.where(some, 3.29 * spread / np.sqrt(count), np.nan)


def _table(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(11, 3.8), layout="constrained")
    axes = figure.subplots(1, 3)
    for more, label, colour in _kinds(data):
        part = data.isel(cell=np.flatnonzero(data["n"].values - data["k"].values == more)).sortby("k")
        share = 100 * part["share"].values
        bars = np.abs(100 * np.stack([part["share_low"].values, part["share_high"].values]) - share)
        look = {"fmt": "o", "color": colour, "capsize": 3, "ms": 4}
        axes[0].errorbar(part["k"], share, bars, label=label, **look)
        for axis, name in zip(axes[1:], ("objective", "smallest_eigenvalue"), strict=True):
            axis.errorbar(part["k"], *_means(part, name), **look)
    cells = [k for k, _ in square(data)]
    for axis, column in zip(axes, (0, 2, 1), strict=True):
        published = [PUBLISHED[k][column] for k in cells]
        if cells:
            axis.plot(cells, published, "x", color="black", ms=8, label="published, n = k")
        axis.set_xlabel("target neurons k")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    for axis, title in zip(axes, ("spurious runs, %", "mean F", "mean smallest eigenvalue"), strict=True):
        axis.set(title=title, ylim=(0, 1.08 * axis.get_ylim()[1]))
    axes[0].legend(loc="upper left")
    return figure


def _distinct(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(7.6, 4), layout="constrained")
    axis = figure.subplots()
    cell = data["minimum_cell"].values
    share = data["minimum_count"].values / data["runs"].values[cell]
    k, more = data["k"].values[cell], (data["n"].values - data["k"].values)[cell]
    for index, (which, label, colour) in enumerate(_kinds(data)):
        mine, value = more == which, data["minimum_objective"].values[more == which]
        look = {"color": colour, "alpha": 0.6, "lw": 0}
        axis.scatter(k[mine] + 0.3 * index, value, s=4 + DOT * share[mine], **look)
        axis.scatter([], [], s=30, label=label, **look)
    for part in (0.01, 0.1, 0.5):
        axis.scatter([], [], s=4 + DOT * part, color="grey", lw=0, label=f"{part:.0%} of the seeds")
    axis.axhline(0, color="grey", lw=0.8)
    axis.set(xlabel="target neurons k", ylabel="F at the minimum", ylim=(-0.005, None))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    figure.legend(loc="outside right upper", labelspacing=1.2)
    return figure
