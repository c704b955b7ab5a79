"""Each network has a panel of speeds, with a dot for each method measured; a short run has no panels."""

import drawn
import numpy as np

from experiments.benchmark.figures import figures
from experiments.runner import style


def test_every_network_has_its_speeds(data):
    with style.context():
        shown = figures(data)
        drawn.legible(shown)
    axes = [panel.axes[0] for panel in shown["speed"].panels]
    assert [axis.get_title("left") for axis in axes] == ["2-2-1", "2-4-4-1", "digits, shared order"]
    measured = data["speed"]["rate"].notnull().any("repeat").sum("peer").values
    assert [len(axis.lines) for axis in axes] == measured.tolist()


def test_costs_are_nanoseconds(data):
    left, middle, right = (panel.axes[0] for panel in figures(data)["growth"].panels)
    assert np.asarray(left.lines[0].get_ydata()).tolist() == [1.0, 4.0, 16.0]
    costs = [[1e3, 1e4, 1e5], [1e3, 1e5, 1e7], [1e3, 1e4, 1e4]]
    assert [np.asarray(line.get_ydata()).tolist() for line in middle.lines] == costs
    assert np.asarray(right.lines[2].get_ydata()).tolist() == [50.0, 60.0, 70.0]


def test_a_short_run_draws_neither_speeds_nor_lines_of_two_points(data):
    data["speed"].attrs["full"] = 0
    assert list(figures(data)) == ["growth"]
    data["scaling"] = data["scaling"].isel(seeds=slice(2))
    assert not figures(data)
