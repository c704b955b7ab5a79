"""The report in a real browser, from disk, with the network off; run by make test-browser."""

import re

import pytest
import tiny

from experiments.runner import report, store

pytestmark = pytest.mark.browser
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
SIZES = """[...document.querySelectorAll("svg text")].map((text) => {
  const svg = text.closest("svg");
  const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
  return scale * parseFloat(getComputedStyle(text).fontSize);
})"""
INK = "getComputedStyle(document.querySelector('svg text')).fill"


@pytest.fixture
def visit(browser, tmp_path):
    """Open the page; by the end it must have made no request and raised no error."""
    tiny.saved(tmp_path)
    path = report.write(tmp_path, store.stored(tmp_path, ["tiny"])[0])
    contexts, troubles = [], []

    def opened(width=1280, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: troubles.append(request.url) if "http" in request.url[:5] else None)
        tab.on("console", lambda message: troubles.append(message.text))
        tab.goto(path.as_uri())
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert not troubles


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows_and_text_in_figures_is_legible(visit, width):
    tab = visit(width)
    assert tab.evaluate(OVERFLOW) == 0
    sizes = tab.evaluate(SIZES)
    assert sizes
    assert all(10 <= size <= 14 for size in sizes)


def test_figures_follow_light_and_dark(visit):
    light, dark = (visit(color_scheme=scheme).evaluate(INK) for scheme in ("light", "dark"))
    assert light != dark


def test_a_figure_enlarges_and_without_scripts_its_file_opens(visit, expect):
    tab = visit()
    tab.locator("figure .panel").click()
    expect(tab.locator("dialog svg")).to_be_visible()
    assert tab.locator("dialog svg").bounding_box()["width"] > 700
    tab.keyboard.press("Escape")
    expect(tab.locator("dialog svg")).to_have_count(0)
    tab = visit(java_script_enabled=False)
    tab.locator("figure .panel").click()
    expect(tab).to_have_url(re.compile("tiny/line\\.svg$"))


def test_a_word_is_explained_by_hover_focus_and_tap(visit, expect):
    tab = visit(390, has_touch=True)
    word = tab.locator("dfn").first
    bubble = word.locator("span")
    assert not bubble.is_visible()
    word.tap()
    expect(bubble).to_be_visible()
    assert tab.evaluate(OVERFLOW) == 0
    tab.evaluate("document.activeElement.blur()")
    tab = visit()
    tab.locator("dfn").first.hover()
    expect(tab.locator("dfn span").first).to_be_visible()
    tab = visit()
    tab.locator("dfn").first.focus()
    expect(tab.locator("dfn span").first).to_be_visible()


def test_what_is_folded_is_printed(visit):
    tab = visit(java_script_enabled=False)
    confirmed = tab.get_by_text("arithmetic")
    assert not confirmed.is_visible()
    tab.emulate_media(media="print")
    assert confirmed.is_visible()
    assert not tab.locator("dfn span").first.is_visible()
