"""The story of a person's own table."""

from collections.abc import Iterable

import xarray as xr

from experiments.runner.experiment import Show, Story


def story(data: xr.DataTree) -> Story:
    """Say whether δ vanishes, whether deep networks learn, and where different seeds lead."""
    depth = data["depth"].to_dataset()
    names, weights = ([str(name) for name in depth[axis].values] for axis in ("activation", "weights"))
    layers, rows = int(depth["depth"].max()), int(data.attrs["rows"])
    deltas = [
        f"{{delta-{name}-{kind.replace('_', '-')}}} with {name} nodes and {kind} weights"
        for name in names
        for kind in weights
    ]
    deep = [f"{{deep-{name}:%}} of the {name} networks" for name in names]
    best = [f"{{best-end-{name}:%}} of the {name} networks" for name in names]
    apart = [f"{{answers-{name}}} ({name})" for name in names]
    left = [f"{{barrier-{name}:%}} ({name})" for name in names]
    return [
        f"Does δ vanish on your table, of which {rows:,} rows are used? δ is the blame that "
        f"backpropagation hands down from layer to layer. Before any training, in networks of {layers} "
        "hidden layers, the length of the first layer's δ, divided by the length of the last layer's δ, is "
        f"{_listed(deltas)}. The smaller this ratio, the less the first weights move.",
        Show("delta"),
        f"Does a small δ keep deep networks from learning? With {layers} hidden layers {_listed(deep)} end "
        "at least a tenth below the loss of the best constant answer, which ignores the inputs.",
        Show("depth"),
        f"Does the seed matter? It does not if all seeds end equally low. {_listed(best)} end as low as the "
        "best end found, at the setting that learns best.",
        Show("ends"),
        "Do two seeds give the same answers? On rows that were not used in training, two seeds differ by "
        f"{_listed(apart)} (a share of the rows for classes, standard deviations of the target for a "
        "number). Two ends may still be one network with its nodes in another order. Once the nodes are in "
        f"the same order, {_listed(left)} of the barrier between two ends is left.",
        Show("barriers"),
    ]


def _listed(parts: Iterable[str]) -> str:
    """Join parts of a sentence: a, b and c."""
    *most, last = parts
    return f"{', '.join(most)} and {last}" if most else last
