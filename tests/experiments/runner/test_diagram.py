"""Canvases are in pixels; struck-through text has a line through its middle that stays within the text."""

import numpy as np
import pytest

from experiments.runner import diagram, style


def test_a_canvas_is_in_pixels():
    figure, axes = diagram.canvas(style.WIDE, 300)
    assert style.size(figure) == (720, 300)
    assert axes.transData.transform((720, 300)) == pytest.approx([720, 300])


@pytest.mark.parametrize("side", ["left", "center", "right"])
def test_the_line_goes_through_the_number(side):
    figure, axes = diagram.canvas()
    label = diagram.struck(axes, (100, 50), "0.02473567", ha=side)
    figure.canvas.draw()
    box, (line,) = label.get_window_extent(), axes.lines
    (left, right), (height, _) = np.asarray(line.get_data())
    assert box.x0 < left < right < box.x1
    assert (left + right) / 2 == pytest.approx((box.x0 + box.x1) / 2)
    assert height == pytest.approx((box.y0 + box.y1) / 2)


def test_nodes_and_arrows_are_where_they_are_put():
    _, axes = diagram.canvas()
    diagram.node(axes, (50, 60), 20, ["o", "a 0.6"])
    diagram.arrow(axes, (0, 0), (50, 60), gap=20)
    circle, arrow = axes.patches
    assert circle.get_extents().bounds == pytest.approx((30, 40, 40, 40))
    assert axes.texts[0].get_text() == "o\na 0.6"
    assert len(arrow.get_path().vertices)
