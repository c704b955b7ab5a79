"""The explorer's page as one sees it: at three widths, light and dark, on paper, without motion."""

import pytest
from browsing import trained

pytestmark = pytest.mark.browser
WIDTHS = (360, 800, 1600)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_every_width_fits_and_is_accessible(visit, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    tab = visit("#open=1,9&answer-2=0.009&answer-5=abc", width, color_scheme=scheme)
    trained(tab)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    wider = "[...document.querySelectorAll('main *')].filter(e => !e.closest('.wide, pre, svg, #track')"
    wider += f" && e.getBoundingClientRect().right > {width} + 1).map(e => e.outerHTML.slice(0, 90))"
    assert tab.evaluate(wider) == []
    found = Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


STACKED = """[...document.querySelectorAll('.card, .card td[data-label]')].filter((each) => {
  const boxes = [...each.children].map((child) => child.getBoundingClientRect()).filter((box) => box.height);
  return boxes.some((box, k) => k && box.top < boxes[k - 1].bottom - 1);
}).map((each) => each.textContent.slice(0, 60))"""
TEXT = "[...document.querySelectorAll('.findings td:last-child')].map((td) => td.clientWidth)"


@pytest.mark.parametrize("width", WIDTHS)
def test_cards_run_from_top_to_bottom_and_columns_of_text_can_be_read(visit, width):
    tab = visit("#step=9&open=1,9", width)
    assert tab.evaluate(STACKED) == []
    assert min(tab.evaluate(TEXT)) > 200
    left = tab.locator(".pair > .card").first.bounding_box()
    right = tab.locator(".pair > .card").nth(1).bounding_box()
    assert (left["x"] + left["width"] <= right["x"]) == (width >= 800)


NAMES = """[...document.querySelectorAll('.field:not(.tick) label')].map((label) =>
  [label.textContent, document.getElementById(label.htmlFor).getAttribute('aria-label')])"""


def test_a_field_is_called_by_what_its_label_says(visit):
    """Whoever speaks to the page names a field by its visible label."""
    named = visit("#bias=yes").evaluate(NAMES)
    assert len(named) > 30
    assert [pair for pair in named if pair[0].lower() not in pair[1].lower()] == []


def test_who_wants_no_motion_gets_none_and_paper_no_buttons(visit):
    tab = visit(reduced_motion="reduce")
    assert tab.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    tab.emulate_media(media="print")
    assert not tab.locator("#forward").is_visible()
    assert tab.locator("#network svg").is_visible()
