"""Findings and tables of the vanishing-gradients experiment; each subject has its own file of findings."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from experiments.runner import statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding
from experiments.vanishing_gradients import birth_findings, law_findings, training_findings
from experiments.vanishing_gradients.draws import distinct
from experiments.vanishing_gradients.readers import best, factors, last, was_drawn

SETTLED = 5
"""Training is judged only if there are more epochs than this."""
TRAINED = ("digits", "iris", "stall", "remedies")
"""Groups of trained networks; the last one is missing if no remedies are tried."""


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the handout's sentences, the theory's laws, and trained networks."""
    birth, laws = data["birth"].to_dataset(), data.children["laws"]
    judged = [
        *birth_findings.findings(birth, data["handout"].to_dataset(), laws["unequal_widths"].to_dataset()),
        *law_findings.findings(birth, laws),
    ]
    if data["digits"].sizes["epoch"] > SETTLED:
        chosen = {name: best(data[name].to_dataset()) for name in TRAINED if name in data.children}
        judged += training_findings.findings(chosen)
    return judged


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate factors per layer, theory's factors, shares of nodes that pass nothing on, and what helps."""
    header = ("width", "activation", "init", "measured", "theory", "dead nodes", "saturated nodes")
    shown: dict[str, Table] = {
        "Change of |δ|² per layer towards the input": (header, _changes(data["birth"].to_dataset()))
    }
    if "remedies" in data.children:
        header = ("recipe", "test accuracy", "range", "best rate", "rates tried")
        shown["What helps (digits)"] = (header, _helping(best(data["remedies"].to_dataset())))
    return shown


def _changes(birth: xr.Dataset) -> list[list[str]]:
    return [
        [str(width), activation, label, *_row(birth, width, activation, init)]
        for width in birth["width"].values
        for label, init in distinct(birth["init"].values, int(width)).items()
        for activation in birth["activation"].values
        if was_drawn(birth, width, init)
    ]


def _row(birth: xr.Dataset, width: int, activation: str, init: str) -> list[str]:
    pair = factors(birth, width, activation, init)
    part = birth.sel(width=width, activation=activation, init=init)
    if pair is None:
        norms = part["activation_norm"]
        dead = bool(np.isfinite(norms).all() and (norms == 0).any())
        return ["some networks are dead" if dead else "beyond float32", "", "", ""]
    low, high = statistics.bootstrap(pair.measured, np.mean)
    shares = [f"{float(part[name].mean()):.1%}" for name in ("dead", "saturated")]
    return [f"{pair.measured.mean():.4f} [{low:.4f}, {high:.4f}]", f"{pair.theory:.4f}", *shares]


def _helping(chosen: xr.Dataset) -> list[list[str]]:
    columns = (
        chosen["remedy"].values,
        last(chosen, "accuracy"),
        chosen["rate"].values,
        chosen["tried"].values,
    )
    return [
        [
            name,
            f"{np.median(accuracies):.1%}",
            f"{accuracies.min():.1%} to {accuracies.max():.1%}",
            f"{rate:g}",
            ", ".join(f"{other:g}" for other in tried),
        ]
        for name, accuracies, rate, tried in zip(*columns, strict=True)
    ]
