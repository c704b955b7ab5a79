"""Labels for the data: a name and unit for every variable, codes in words, and where a file comes from.

The labels follow the CF conventions: `long_name`, `units` ("1" for a number without a unit), `flag_values`
with `flag_meanings`. An experiment names its own variables where it makes them; this module names axes and
shared variables.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from experiments.runner.experiment import Data

LONG_NAMES = {
    "activation": "activation",
    "biases": "how the biases are drawn",
    "case": "activations and output",
    "depth": "hidden layers",
    "digit": "digit",
    "during": "epoch, counted from 1",
    "end": "all parameters at the end of training, in one vector",
    "epoch": "epochs done",
    "first_seed": "seed of the first network of a pair",
    "function": "function",
    "hidden": "activation of the hidden nodes",
    "init": "distribution of the initial weights",
    "input": "input node",
    "inputs": "networks and rows",
    "k": "nodes of the student",
    "kind": "kind of end",
    "label": "label",
    "layer": "layer, counted from the input",
    "layers": "layers with weights",
    "law": "distribution of the initial weights",
    "n": "number of the teacher's nodes, which is also the number of inputs",
    "net_input": "net input z",
    "network": "network",
    "optimizer": "optimiser",
    "output": "output node, or the fit that replaces it",
    "path": "path of a run on the plane, in units of the axes",
    "peer": "method that computes it",
    "range": "r: weights are uniform on [-r, r], or normal with the same variance",
    "rate": "learning rate",
    "remedy": "recipe that may help",
    "rule": "rule for the deltas of hidden nodes",
    "scale": "factor of the initial weights",
    "second_seed": "seed of the second network of a pair",
    "seed": "seed of the random numbers",
    "seeds": "seeds trained together",
    "setting": "initial weights, biases and learning rate",
    "size": "width or depth, whichever grows",
    "start": "activation and initial weights",
    "step": "position of a point along an axis of the plane",
    "target": "what is predicted",
    "task": "task",
    "teacher": "key of the teacher network",
    "way": "way of training",
    "weights": "distribution of the initial weights",
    "width": "nodes per hidden layer",
    "x": "input of the network",
    "z": "net input z",
    "cases/assumed": "whether the output is assumed instead of computed by the forward pass",
    "cases/hidden": "hidden node",
    "cases/hidden_activation": "activation of the hidden nodes",
    "cases/output_activation": "activation of the output node",
    "conditions/weights": "distribution of the initial weights",
    "critical_points/kept": "singular values that are kept, counted from the largest",
    "crossed/order": "key of the order of the rows",
    "delta/activation": "activation of the output",
    "digits/accuracy": "share of the test rows that are labelled right after training",
    "digits/times": "factor of the learning rate",
    "edges/back": "whether descent returns to the minimum",
    "edges/minimum": "minimum that is known exactly",
    "edges/relative_rate": "learning rate relative to 2 / λ_max",
    "edges/steepest": "λ_max, the largest eigenvalue of the Hessian",
    "equal_slopes/source": "measured, or derived",
    "activations/derivative": "f'(z)",
    "activations/value": "f(z)",
    "few/ratio": "speed relative to plain JAX's",
    "few/view": "view: the one that fastest_view names, or C++",
    "growth/direction": "what grows",
    "growth/memory": "memory that a network's training needs",
    "iris/times": "factor of the learning rate",
    "linear/what": "what is compared: one layer with logistic regression, or five linear layers with one",
    "mnist/hidden_nodes": "hidden nodes",
    "mnist/kept": "epochs done",
    "mnist/run": "what a run changes compared with the first run",
    "one/seconds": "time of one network's training",
    "pictures/hidden_weights": "weights of the hidden nodes, as pictures",
    "pictures/image": "the test rows, as pictures",
    "plane/end": "position of the three ends on the plane",
    "printed/formula": "formula",
    "printed/step": "name of the number",
    "printed/text": "number as printed",
    "printed/why": "why the printed number is wrong",
    "scaling/seconds": "time of all seeds together",
    "speed/flops": "arithmetic operations in one update of one network",
    "speed/named": "the view that fastest_view names",
    "stopping/criterion": "when training stops",
    "students/path": "parameters along some runs",
    "updates/rows_per_update": "rows per update",
    "views/order": "order of the rows",
    "views/ratio": "speed of the view that fastest_view names, relative to the fastest other view",
    "views/rows": "rows per update",
    "xor/hidden": "activation of the hidden nodes",
    "xor/loss": "SSE over the four rows after training",
    "place": "index of the variance, counted from the smallest",
    "planes/column": "place along x",
    "neighbours/of_pair": "which of two neighbours: the one that learns, or the one that does not",
    "planes/row": "place along y",
    "planes/zoom": "how many times narrower the window is than the whole plane",
    "large/kept": "epochs done",
    "large/run": "what a run changes compared with the first run",
    "large/traced_seed": "seed for which the growth of a small difference is followed",
    "usual/kept": "epochs done",
    "usual/run": "what a run changes compared with the first run",
    "usual/traced_seed": "seed for which the growth of a small difference is followed",
    "source": "what differs between the two runs",
    "speed": "learning rate, in words",
    "xor/run": "the first run, or the one with a bit flipped",
    "wall/column": "initial weight x₁ → h₁",
    "wall/row": "initial weight x₂ → h₂",
    "xor/times": "factor of the learning rate",
}
"""{name of a variable or axis, or group/name: what it is}, used unless the experiment names it itself."""
UNITS = {"epoch": "epochs", "during": "epochs", "epochs": "epochs", "most_epochs": "epochs", "seconds": "s"}
NO_YES = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": "no yes"}


def about(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Describe a data file, using the manifest of its run.

    The description stays the same if the same run is repeated: it has no dates and no durations.
    """
    git, packages = manifest.get("git") or {}, manifest["packages"]
    size = ", smoke size, which only tests the code: its numbers mean nothing" if manifest["smoke"] else ""
    return {
        "Conventions": "CF-1.11",
        "title": f"{manifest['title']}: {manifest['question']}",
        "source": f"nnjax {packages['nnjax']}, jax {packages['jax']}, experiment {manifest['name']}{size}",
        "version": git.get("commit", packages["nnjax"]) + ("-dirty" if git.get("dirty") else ""),
        "seed": str(manifest["config"]["seed"]),
        "command": manifest["command"],
        "references": "Hansen, L.: Neural Networks - step by step (handout)",
        "license": "MIT",
    }


def labelled(data: Data, manifest: Mapping[str, Any]) -> xr.DataTree:
    """Label the data with a name and a unit for every variable, codes for yes and no, and the source."""
    tree = data if isinstance(data, xr.DataTree) else xr.DataTree(data)
    groups = {node.path: _named(node.name, node.to_dataset(inherit=False)) for node in tree.subtree}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = about(manifest) | tree.attrs
    return tree


def _named(group: str | None, data: xr.Dataset) -> xr.Dataset:
    return data.assign({name: _variable(group, name, each) for name, each in data.variables.items()})


def _variable(group: str | None, name: Any, variable: xr.Variable) -> xr.Variable:
    named = variable.copy(deep=False)
    known = LONG_NAMES.get(f"{group}/{name}", LONG_NAMES.get(name))
    if known:
        named.attrs.setdefault("long_name", known)
    if variable.dtype == bool:
        named.attrs |= NO_YES
    if variable.dtype.kind in "biuf":
        named.attrs.setdefault("units", UNITS.get(name, "1"))
    return named


def unnamed(data: xr.DataTree) -> list[str]:
    """List variables that lack a name, or numbers that lack a unit, as /group/variable."""
    return [
        f"{node.path.rstrip('/')}/{name}"
        for node in data.subtree
        for name, variable in node.to_dataset(inherit=False).variables.items()
        if "long_name" not in variable.attrs
        or (variable.dtype.kind in "biuf" and "units" not in variable.attrs)
    ]
