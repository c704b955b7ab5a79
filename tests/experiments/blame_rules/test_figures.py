"""One histogram for each rule that is no gradient, one violin for each rule."""

import numpy as np
import xarray as xr

from experiments.blame_rules.figures import figures
from experiments.blame_rules.rules import INPUTS, RULES


def test_every_rule_is_drawn():
    random, names = np.random.default_rng(0), {"rule": list(RULES)}
    cosine = random.uniform(-1, 1, (50, len(INPUTS), len(RULES)))
    ends = ("seed", "times", "rule"), random.uniform(0, 1, (20, 2, len(RULES)))
    task = xr.Dataset(
        {"loss": ends, "accuracy": ends},
        {**names, "times": [1.0, 2.0]},
        {"title": "made up", "measure": "test accuracy"},
    )
    angles = xr.Dataset({"cosine": (("seed", "inputs", "rule"), cosine)}, {**names, "inputs": list(INPUTS)})
    data = xr.DataTree.from_dict({"angles": angles, "iris": task, "digits": task})
    left, middle, right = figures(data)["rules"][0].axes
    legend = left.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == list(RULES)[1:]
    assert [label.get_text() for label in middle.get_yticklabels()] == list(RULES)
    assert (middle.get_title(), right.get_title()) == ("made up", "made up")
