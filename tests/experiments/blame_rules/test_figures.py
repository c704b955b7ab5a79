"""Every rule has a dot on every task; every rule except the gradient has a histogram."""

import drawn
import numpy as np
import pytest
import xarray as xr

from experiments.blame_rules.figures import NAMES, figures
from experiments.blame_rules.rules import INPUTS, RULES
from experiments.runner import style


@pytest.fixture(scope="module")
def shown():
    random, names = np.random.default_rng(0), {"rule": list(RULES)}
    cosine = random.uniform(-1, 1, (50, len(INPUTS), len(RULES)))
    ends = ("seed", "times", "rule"), random.uniform(0, 1, (20, 2, len(RULES)))
    task = xr.Dataset(
        {"loss": ends, "accuracy": ends},
        {**names, "times": [1.0, 2.0]},
        {"title": "made up", "measure": "test accuracy"},
    )
    angles = xr.Dataset({"cosine": (("seed", "inputs", "rule"), cosine)}, {**names, "inputs": list(INPUTS)})
    solved = task.assign_attrs(measure="share solved")
    data = xr.DataTree.from_dict({"angles": angles, "xor": solved, "iris": task, "digits": task})
    with style.context():
        return figures(data)


def test_the_figures_are_legible(shown):
    drawn.legible(shown)


def test_every_rule_is_drawn(shown):
    for panel in shown["cost"].panels:
        (axes,) = panel.axes
        assert [label.get_text() for label in axes.get_yticklabels()] == list(NAMES.values())
        assert len(axes.lines) == 2 * len(RULES)
    (axes,) = shown["angles"].panels[0].axes
    assert [text.get_text().split(":")[0] for text in axes.texts] == list(NAMES.values())[1:]
