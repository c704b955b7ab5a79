"""Findings on the universal approximators of footnote 4 and on the minima of Figure 3."""

import numpy as np
import xarray as xr

from experiments.runner import expectations
from experiments.runner.findings import Finding, exact, median, share
from experiments.sentences import approximation

EXPECTED = expectations.of("sentences")


def approximation_findings(part: xr.Dataset) -> list[Finding]:
    """Judge how the error depends on the width."""
    widest, few = approximation.WIDEST, 2
    typical = part["typical"].transpose("seed", "function", "width")
    kept = (part["largest"] <= part["bound"]).sel(width=widest).transpose("seed", "function").values
    judged = [
        median(
            EXPECTED[f"approximation-{id}"],
            f"1-h-1 learns {name}: error with {widest} hidden nodes divided by the error with {few}",
            (typical.sel(function=name, width=widest) / typical.sel(function=name, width=few)).values,
            note=f"root mean squared error; medians {medians(typical.sel(function=name))}",
        )
        for id, name in zip(("sine", "kink", "runge"), part["function"].values, strict=True)
    ]
    return [
        *judged,
        median(
            EXPECTED["approximation-line"],
            f"1-{widest}-1 learns sin 2πx: error divided by the best line's, the limit without an activation "
            "function",
            typical.sel(function="sin 2πx", width=widest).values
            / float(part["line"].sel(function="sin 2πx")),
            note="a network of identity nodes, however wide, cannot get below the best line's error",
        ),
        share(
            EXPECTED["approximation-found"],
            f"share of trained 1-{widest}-1 networks within the bound promised for the staircase, on all "
            "three functions",
            np.asarray(kept.all(axis=1)),
            note="; ".join(
                f"{name}: {one:.0%}" for name, one in zip(part["function"].values, kept.mean(0), strict=True)
            ),
        ),
    ]


def medians(typical: xr.DataArray) -> str:
    """Write the median error at every width."""
    each = typical.median("seed")
    return ", ".join(f"{float(each.sel(width=w)):.2g} (h = {w})" for w in typical["width"].values)


def figure_findings(part: xr.Dataset) -> list[Finding]:
    """Judge whether Figure 3's local minimum really is one."""
    local, best = (part.sel(kind=kind) for kind in ("local", "global"))
    return [
        exact(
            EXPECTED["figure-3-loss"],
            "a local minimum that is not the global one: its loss minus the global minimum's",
            float(local["end_loss"] - best["end_loss"]),
            note="a 2-2-1 tanh network learns a teacher's 80 rows; "
            "about one seed in 200 ends in this minimum",
        ),
        exact(
            EXPECTED["figure-3-gradient"],
            "largest length of the gradient at the two minima",
            float(part["gradient_norm"].max()),
            note="after Newton's method",
        ),
        exact(
            EXPECTED["figure-3-curvature"],
            "the smallest eigenvalue of the Hessian at that local minimum",
            float(local["eigenvalue"].min()),
            note=f"the largest loss on the line to the global minimum: {float(part['between'].max()):.1f}",
        ),
    ]
