"""Findings on the spurious minima, compared with Safran and Shamir's published table."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from scipy import stats

from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, exact, share
from experiments.spurious_minima import descent
from experiments.spurious_minima.cells import SPURIOUS

EXPECTED = expectations.of("spurious_minima")

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
AGAIN_RUNS = 500
AGAIN: dict[int, float] = {
    6: 0.0,
    7: 5.4,
    8: 11.4,
    9: 22.2,
    10: 32.0,
    11: 47.4,
    12: 53.8,
    13: 67.0,
    14: 70.4,
    15: 78.0,
    16: 87.2,
    17: 90.2,
    18: 89.6,
    19: 94.4,
    20: 94.2,
}
"""{k = n: % of spurious runs}, as published from a rerun (Safran, Yehudai & Shamir 2021)."""
SEED_FREE = (7, 0.0232027149)
"""A minimum that is known without training from any seed: its k = n, and its F."""
FEW = 10
"""The fewest spurious runs whose mean is judged."""
ONE_MINIMUM = 1e-4
"""If the ends of a cell differ by less than this, the rounding error of the published table, they are copies
of one minimum, and their mean tests nothing."""
COLUMNS = {
    "share": ("share-published", "share of spurious runs, against the table of 2018"),
    "share_again": ("share-published-2021", "share of spurious runs, against the table of 2021"),
    "mean_smallest_eigenvalue": (
        "mean-eigenvalue-published",
        "mean smallest Hessian eigenvalue of the spurious runs, against the table of 2018",
    ),
    "mean_objective": (
        "mean-objective-published",
        "mean F of the spurious runs, against the table of 2018",
    ),
}
"""{column: (the finding's id, its claim)}."""


def published_cells(cells: xr.Dataset) -> list[tuple[int, int]]:
    """List the published cells (k = n) that are in the data, each as k and the index of the cell."""
    pairs = enumerate(zip(cells["k"].values, cells["n"].values, strict=True))
    return [(int(k), index) for index, (k, n) in pairs if k == n and k in PUBLISHED]


def interval(cells: xr.Dataset, index: int) -> tuple[float, float]:
    """Return the 99.9 % interval of a cell's share of spurious runs."""
    cell = cells.isel(cell=index)
    return statistics.share(int(cell["spurious"]), int(cell["runs"]))


def differences(cells: xr.Dataset, runs: xr.Dataset) -> dict[str, dict[int, float]]:
    """Return measured minus published, in standard errors of the difference: {column: {k: difference}}."""
    columns: dict[str, dict[int, float]] = {name: {} for name in COLUMNS}
    for k, index in published_cells(cells):
        percent, eigenvalue, objective = PUBLISHED[k]
        cell, part = cells.isel(cell=index), runs.isel(cell=index)
        columns["share"][k] = _difference_of_shares(cell, percent / 100, PUBLISHED_RUNS)
        columns["share_again"][k] = _difference_of_shares(cell, AGAIN[k] / 100, AGAIN_RUNS)
        spurious, theirs = part["outcome"].values == SPURIOUS, percent / 100 * PUBLISHED_RUNS
        for name, published in {"smallest_eigenvalue": eigenvalue, "objective": objective}.items():
            values = part[name].values[spurious]
            if min(len(values), theirs) >= FEW and np.std(values) > ONE_MINIMUM:
                # The published means are rounded to four decimals.
                variance = np.var(values, ddof=1) * (1 / len(values) + 1 / theirs) + 1e-8 / 12
                columns[f"mean_{name}"][k] = (values.mean() - published) / np.sqrt(variance)
    return columns


def _difference_of_shares(cell: xr.Dataset, published: float, their_runs: int) -> float:
    share, runs = float(cell["share"]), int(cell["runs"])
    pooled = (share * runs + published * their_runs) / (runs + their_runs)
    error = np.sqrt(pooled * (1 - pooled) * (1 / runs + 1 / their_runs))
    return (share - published) / error if error > 0 else 0.0


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge whether we agree with the published columns, and whether the counted ends are minima."""
    cells, runs, minima = (data[name].to_dataset() for name in ("cells", "runs", "minima"))
    return [
        *_published(cells, runs),
        _stuck(cells),
        *_spurious_ends(cells, runs),
        *_all_runs(cells),
        *_seed_free(minima),
    ]


def _published(cells: xr.Dataset, runs: xr.Dataset) -> Iterator[Finding]:
    """Compare each published column as a whole with ours: χ² = Σ z² over its cells."""
    for name, found in differences(cells, runs).items():
        if found:
            id, words = COLUMNS[name]
            bound = float(stats.chi2.ppf(statistics.CONFIDENCE, len(found)))
            furthest = max(found, key=lambda k: abs(found[k]))
            yield exact(
                EXPECTED[id].between(0.0, bound),
                f"{words}: χ² over the table",
                sum(z**2 for z in found.values()),
                note=f"{len(found)} cells, k = n from {list(found)}; furthest at k = {furthest}, "
                f"{found[furthest]:+.1f} standard errors of the difference",
            )


def _stuck(cells: xr.Dataset) -> Finding:
    largest = cells.isel(cell=int(np.argmax(cells["k"].values)))
    return share(
        EXPECTED["descent-gets-stuck"],
        f"k = {int(largest['k'])}, n = {int(largest['n'])}: share of the seeds for which descent gets stuck",
        np.arange(int(largest["runs"])) < int(largest["spurious"]),
        note=f"{int(largest['spurious'])} of {int(largest['runs'])} end in points certified (float64) as "
        "local minima that are not global: gradient below 1e-9, positive definite Hessian, F > 0.001",
    )


def _spurious_ends(cells: xr.Dataset, runs: xr.Dataset) -> Iterator[Finding]:
    spurious = runs["outcome"].values == SPURIOUS
    if not spurious.any():
        return
    note = f"over {int(spurious.sum())} spurious runs"
    yield exact(
        EXPECTED["spurious-ends-strict"],
        "every spurious end is a strict minimum: smallest eigenvalue of any Hessian",
        float(runs["smallest_eigenvalue"].values[spurious].min()),
        note=note,
    )
    yield exact(
        EXPECTED["spurious-ends-stationary"],
        "every spurious end is stationary: largest gradient norm",
        float(runs["gradient_norm"].values[spurious].max()),
        note=note,
    )
    yield exact(
        EXPECTED["step-stable"].between(0.0, 2 / descent.STEP),
        f"the step {descent.STEP} is stable: largest Hessian eigenvalue at any spurious end",
        float(cells["largest_eigenvalue"].max()),
        note=note,
    )


def _all_runs(cells: xr.Dataset) -> Iterator[Finding]:
    yield exact(
        EXPECTED["objective-falls"],
        "F only falls: largest rise in any step of any run",
        float(cells["largest_rise"].max()),
        note="a run with F below 1e-3 thus cannot end in a known spurious minimum; so small a rise is only "
        "rounding",
    )
    yield exact(
        EXPECTED["unsettled-runs"],
        "runs that end neither at the global minimum nor at a certified local one (share)",
        float(cells["unsettled"].sum() / cells["runs"].sum()),
        note=f"{int(cells['pushed_off_a_saddle'].sum())} runs came to rest at a saddle first and were pushed "
        "off it, in the direction in which descent was leaving",
    )


def _seed_free(minima: xr.Dataset) -> Iterator[Finding]:
    k, value = SEED_FREE
    values = minima["objective"].values[(minima["k"].values == k) & (minima["n"].values == k)]
    if len(values):
        yield exact(
            EXPECTED["seed-free-minimum"].around(value),
            f"k = n = {k}: F of the minimum, among those found, nearest to the one known without seeds",
            values[np.argmin(np.abs(values - value))],
        )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the published numbers beside ours, and the distinct minima."""
    return {
        "Spurious minima (published: 1000 runs per row in 2018, 500 in 2021)": _shares(
            data["cells"].to_dataset()
        ),
        "Distinct minima": _minima(data["minima"].to_dataset()),
    }


def _shares(cells: xr.Dataset) -> Table:
    rows = []
    for index in range(cells.sizes["cell"]):
        part = cells.isel(cell=index)
        k, n = int(part["k"]), int(part["n"])
        known = k == n and k in PUBLISHED
        percent, eigenvalue, objective = PUBLISHED[k] if known else (np.nan,) * 3
        again = AGAIN[k] if known else np.nan
        share, low, high = (f"{100 * value:.1f}" for value in (float(part["share"]), *interval(cells, index)))
        rows.append([str(k), str(n), str(int(part["runs"])), f"{share} [{low}, {high}]"])
        rows[-1] += [_shown(percent, 1), _shown(again, 1)]
        for name, published in (("mean_objective", objective), ("mean_smallest_eigenvalue", eigenvalue)):
            rows[-1] += [_shown(float(part[name]), 4), _shown(published, 4)]
    header = ("k", "n", "runs", "spurious, %", "published 2018", "published 2021")
    header += ("mean F", "published", "eigenvalue", "published")
    return header, rows


def _shown(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}" if np.isfinite(value) else ""


def _minima(minima: xr.Dataset) -> Table:
    rows = []
    for index in np.argsort(minima["cell"].values, kind="stable"):
        one = minima.isel(minimum=index)
        eigenvalues = [float(one[f"{which}_eigenvalue"]) for which in ("smallest", "largest")]
        rows.append(
            [
                str(int(one["k"])),
                str(int(one["n"])),
                f"{float(one['objective']):.10f}",
                str(int(one["count"])),
                *(f"{value:.6f}" for value in eigenvalues),
                f"{float(one['gradient_norm']):.1e}",
            ]
        )
    return ("k", "n", "F", "runs", "smallest eigenvalue", "largest eigenvalue", "gradient norm"), rows
