"""Nothing in the walkthrough's diagrams overlaps."""

import itertools

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from experiments.walkthrough.figures import figures


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_no_two_labels_of_a_diagram_overlap(data, name):
    figure = figures(data)[name][0]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    overlaps = [(a, b) for (a, box), (b, other) in itertools.combinations(boxes, 2) if box.overlaps(other)]
    assert not overlaps


@pytest.mark.parametrize("name", ["forward", "backward"])
def test_a_links_label_touches_no_other_link(data, name):
    figure = figures(data)[name][0]
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (axes,) = figure.axes
    links = [line.get_path().transformed(line.get_transform()) for line in axes.lines]
    labels = [text for text in axes.texts if text.get_bbox_patch() is not None]
    assert len(links) == len(labels) == 16
    for text in labels:
        box = text.get_window_extent(canvas.get_renderer())
        assert sum(path.intersects_bbox(box) for path in links) == 1, text.get_text()
