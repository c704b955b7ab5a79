"""A panel of bars for each network, and a bar for each method that was measured."""

import numpy as np

from experiments.benchmark.figures import figures


def test_every_network_has_its_bars(data):
    axes = figures(data)["speed"][0].axes
    assert [axis.get_title() for axis in axes] == ["2-2-1", "2-4-4-1", "digits, shared order"]
    measured = data["speed"]["rate"].notnull().any("repeat").sum("peer").values
    assert [len(axis.patches) for axis in axes] == measured.tolist()


def test_costs_are_nanoseconds(data):
    left, right = figures(data)["growth"][0].axes
    assert np.asarray(left.lines[0].get_ydata()).tolist() == [1.0, 4.0]
    assert [np.asarray(line.get_ydata()).tolist() for line in right.lines] == [[1e3, 1e4], [1e3, 1e5]]
