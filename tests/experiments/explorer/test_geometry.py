"""Nothing overlaps: nodes stay apart and inside, and no two labels cover each other."""

import node
import pytest

LAYOUT = """
const {sizes, width, size} = given, rows = sizes.map((_, l) => (l ? 5 : 1));
const {boxes, height} = m.nodeBoxes(sizes, width, rows);
const links = m.linkLines(sizes, boxes);
return {boxes: Object.values(boxes), height, links, places: m.labelPlaces(links, size)};
"""


def overlap(a, b):
    return all(abs(a[k] - b[k]) < (a[k + 2] + b[k + 2]) / 2 for k in (0, 1))


@pytest.mark.parametrize("width", [328, 640, 900, 1200])
@pytest.mark.parametrize("sizes", [[3, 4, 1], [2, 2, 1], [2, 6, 1]])
def test_nodes_stay_apart_and_inside(sizes, width):
    found = node.evaluate("geometry.mjs", LAYOUT, {"sizes": sizes, "width": width, "size": [58, 30]})
    boxes = [[box[name] for name in ("x", "y", "width", "height")] for box in found["boxes"]]
    assert not any(overlap(a, b) for k, a in enumerate(boxes) for b in boxes[:k])
    for x, y, wide, high in boxes:
        assert wide / 2 <= x <= width - wide / 2
        assert high / 2 <= y <= found["height"] - high / 2


@pytest.mark.parametrize("sizes", [[3, 4, 1], [2, 2, 1]])
def test_labels_lie_on_their_links_and_not_on_each_other(sizes):
    found = node.evaluate("geometry.mjs", LAYOUT, {"sizes": sizes, "width": 880, "size": [58, 30]})
    places = [[*place, 58, 30] for place in found["places"]]
    assert not any(overlap(a, b) for k, a in enumerate(places) for b in places[:k])
    for (x, y), link in zip(found["places"], found["links"], strict=True):
        (x1, y1), (x2, y2) = link["from"], link["to"]
        assert y == pytest.approx(y1 + (x - x1) / (x2 - x1) * (y2 - y1))
