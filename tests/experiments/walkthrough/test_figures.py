"""Nothing in the walkthrough's diagrams overlaps; the handout's wrong numbers are struck through."""

import itertools

import drawn
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from experiments.runner import style
from experiments.walkthrough.figures import figures

DIAGRAMS = [("forward", 0), ("every_delta", 0), ("backward", 0), ("backward", 1)]


def canvas_of(data, name, panel):
    with style.context():
        canvas = FigureCanvasAgg(figures(data)[name].panels[panel])
        canvas.draw()
        return canvas


def test_the_figures_are_legible(data):
    with style.context():
        drawn.legible(figures(data))


@pytest.mark.parametrize("name, panel", DIAGRAMS)
def test_no_two_labels_of_a_diagram_overlap(data, name, panel):
    canvas = canvas_of(data, name, panel)
    texts = [text for axes in canvas.figure.axes for text in axes.texts if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts]
    # The struck-through δ stands in a gap that the text of h₁ leaves for it.
    inside = {"0.02473567"} if panel == 0 and name == "backward" else set()
    overlaps = [
        (a, b)
        for (a, box), (b, other) in itertools.combinations(boxes, 2)
        if box.overlaps(other) and not {a, b} & inside
    ]
    assert not overlaps


@pytest.mark.parametrize("name", ["forward", "every_delta"])
def test_a_links_label_touches_no_other_link(data, name):
    canvas = canvas_of(data, name, 0)
    (axes,) = canvas.figure.axes
    links = [line.get_path().transformed(line.get_transform()) for line in axes.lines]
    labels = [text for text in axes.texts if text.get_bbox_patch() is not None]
    assert len(links) == len(labels) == 16
    for text in labels:
        box = text.get_window_extent(canvas.get_renderer())
        assert sum(path.intersects_bbox(box) for path in links) == 1, text.get_text()


def test_what_the_handout_prints_is_struck_through_where_it_is_wrong(data):
    canvas = canvas_of(data, "backward", 1)
    (axes,) = canvas.figure.axes
    lines = [line.get_path().transformed(line.get_transform()) for line in axes.lines]
    renderer = canvas.get_renderer()
    struck = {
        text.get_text()
        for text in axes.texts
        if any(line.intersects_bbox(text.get_window_extent(renderer)) for line in lines)
    }
    assert len(struck) == len(lines) == 12
    assert {"0.02473567", "0.0002473567", "−0.2987632"} <= struck
    shown = {text.get_text() for text in axes.texts} - struck
    assert {"0.192", "0.8017873", "0.00988543", "0.0000988543", "−0.2995057"} <= shown
