"""The plane goes through its three networks, and its loss at these points equals the networks' loss."""

import node
import numpy as np
import pytest


def test_the_plane_holds_its_three_points_and_projects_onto_itself():
    rng = np.random.default_rng(0)
    a, b, c, other = rng.normal(size=(4, 9))
    body = """const [a, b, c, other] = given, plane = m.planeThrough(a, b, c);
    return {plane, places: given.map((row) => m.project(plane, row))};"""
    found = node.evaluate("landscape.mjs", body, [row.tolist() for row in (a, b, c, other)])
    origin, right, up = (np.array(found["plane"][name]) for name in ("origin", "right", "up"))
    np.testing.assert_allclose([right @ right, up @ up], 1, rtol=1e-14)
    assert abs(right @ up) < 1e-14
    for row, (x, y) in zip((a, b, c), found["places"], strict=False):
        np.testing.assert_allclose(origin + x * right + y * up, row, rtol=1e-12)
    x, y = found["places"][3]
    rest = other - (origin + x * right + y * up)
    assert max(abs(rest @ right), abs(rest @ up)) < 1e-14


def test_the_grid_is_the_loss_at_the_middle_of_its_cells():
    body = """const plane = m.planeThrough(...given), bounds = m.boundsOf([[0, 0], [2, 1]], 1.5);
    const grid = [...m.lossGrid(plane, bounds, 6, 4)], [x0, x1, y0, y1] = bounds;
    const at = (x, y) => plane.origin.map((value, k) => value + x * plane.right[k] + y * plane.up[k]);
    const direct = grid.map((_, k) => n.xorLoss(at(x0 + (x1 - x0) * (k % 6 + 0.5) / 6,
      y1 - (y1 - y0) * (Math.floor(k / 6) + 0.5) / 4)));
    return [grid, direct, bounds];"""
    rows = np.random.default_rng(1).normal(size=(3, 9)).tolist()
    grid, direct, (x0, x1, y0, y1) = node.evaluate("landscape.mjs", body, rows, also="train.mjs")
    np.testing.assert_allclose(grid, direct, rtol=1e-12)
    assert (x1 - x0) / (y1 - y0) == pytest.approx(1.5)
    assert x0 < 0 < 2 < x1
    assert y0 < 0 < 1 < y1


def test_three_different_ends_where_there_are_three():
    body = "return given.map(([levels, chosen]) => m.threeSeeds(levels, chosen))"
    cases = [[[0, 0, 1, -1, 2], 1], [[0, 0, 0], 2], [[1, 1, 0, 1], 0]]
    assert node.evaluate("landscape.mjs", body, cases) == [[1, 4, 2], [2, 0, 1], [0, 2, 1]]
