"""Nothing overlaps: nodes keep their distance and stay inside the drawing, and no labels cover each other."""

import node
import pytest

LAYOUT = """
const {sizes, width} = given, rows = sizes.map((_, l) => (l ? 5 : 1));
const {boxes, height, narrow} = m.nodeBoxes(sizes, width, rows);
const links = m.linkLines(sizes, boxes, narrow);
const places = m.labelPlaces(links, narrow);
return {boxes: Object.values(boxes), height, links, places, size: m.labelSize(narrow)};
"""


def overlap(a, b):
    return all(abs(a[k] - b[k]) < (a[k + 2] + b[k + 2]) / 2 - 1e-9 for k in (0, 1))


@pytest.mark.parametrize("width", [328, 640, 900, 1200])
@pytest.mark.parametrize("sizes", [[3, 4, 1], [2, 2, 1], [2, 6, 1]])
def test_nodes_stay_apart_and_inside(sizes, width):
    found = node.evaluate("geometry.mjs", LAYOUT, {"sizes": sizes, "width": width})
    boxes = [[box[name] for name in ("x", "y", "width", "height")] for box in found["boxes"]]
    assert not any(overlap(a, b) for k, a in enumerate(boxes) for b in boxes[:k])
    for x, y, wide, high in boxes:
        assert wide / 2 <= x <= width - wide / 2
        assert high / 2 <= y <= found["height"] - high / 2


@pytest.mark.parametrize("sizes", [[3, 4, 1], [2, 2, 1]])
def test_labels_lie_on_their_links_and_not_on_each_other(sizes):
    found = node.evaluate("geometry.mjs", LAYOUT, {"sizes": sizes, "width": 880})
    places = [[*place, *found["size"]] for place in found["places"]]
    assert not any(overlap(a, b) for k, a in enumerate(places) for b in places[:k])
    for (x, y), link in zip(found["places"], found["links"], strict=True):
        (x1, y1), (x2, y2) = link["from"], link["to"]
        assert y == pytest.approx(y1 + (x - x1) / (x2 - x1) * (y2 - y1))


@pytest.mark.parametrize("sizes", [[3, 4, 1], [2, 6, 1], [8, 8, 1]])
@pytest.mark.parametrize("width", [328, 358])
def test_on_a_phone_every_weight_stands_between_its_link_and_its_node(sizes, width):
    found = node.evaluate("geometry.mjs", LAYOUT, {"sizes": sizes, "width": width})
    boxes = [[box[name] for name in ("x", "y", "width", "height")] for box in found["boxes"]]
    places = [[*place, *found["size"]] for place in found["places"]]
    assert not any(overlap(a, b) for k, a in enumerate(places) for b in [*places[:k], *boxes])
    for (x, y), link in zip(found["places"], found["links"], strict=True):
        assert link["from"][0] < link["to"][0] == pytest.approx(x - found["size"][0] / 2)
        assert link["to"][1] == y
    for high in (y + side * found["size"][1] / 2 for _, y, *_ in places for side in (-1, 1)):
        assert 0 <= high <= found["height"]
