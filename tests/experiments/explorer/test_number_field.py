"""A number field of the page in a real browser: what it accepts, and what it says about other input."""

import pytest
from browsing import pasted, shown, typed

pytestmark = pytest.mark.browser
CLIPBOARD = ["clipboard-read", "clipboard-write"]


def test_bad_numbers_are_named_and_the_last_good_one_stays(visit):
    tab = visit("#step=9", permissions=CLIPBOARD)
    field = tab.get_by_role("spinbutton", name="Weight h₁ → o", exact=True)
    before = shown(tab, "d.0.0")
    for put, text, said in [
        (typed, "-", "must be a number from -1000 to 1000, and this is not one yet; it stays 0.8"),
        (typed, "1e400", "must be a number from -1000 to 1000"),
        (typed, "5000", "from -1000 to 1000, got 5000"),
        (typed, "abc", "“c” cannot stand here"),
        (typed, "0.9.5", "“.” cannot stand here"),
        (typed, "1,000.5", "“.” cannot stand here"),
        (pasted, "about 0.9", "“about 0.9” cannot stand here"),
        (pasted, "1,000.5", "“1,000.5” cannot stand here"),
    ]:
        put(tab, field, text)
        tab.wait_for_function("text => document.querySelector('#fields').innerText.includes(text)", arg=said)
        assert field.get_attribute("aria-invalid") == "true"
        assert shown(tab, "d.0.0") == before
    field.fill("")
    assert "is empty; it needs a number; it stays 0.8" in tab.inner_text("#fields")
    field.fill("0.9")
    assert tab.locator(".field .error:not(:empty)").count() == 0
    assert shown(tab, "d.0.0") != before
    depth = tab.get_by_label("depth", exact=True)
    typed(tab, depth, "999")
    assert "must be from 1 to 50, got 999; it stays 12" in tab.inner_text("#flow-fields")
    tab.wait_for_timeout(300)
    assert "depth" not in tab.evaluate("location.hash")
    depth.fill("2.5")
    assert "must be a whole number, got 2.5" in tab.inner_text("#flow-fields")


def test_a_decimal_comma_and_a_typographic_minus_are_taken(visit):
    tab = visit("#step=9", permissions=CLIPBOARD, locale="da-DK")
    field = tab.get_by_role("spinbutton", name="Weight h₁ → o", exact=True)
    for put, text, value in [
        (typed, "0,5", "0.5"),
        (typed, ",5", ".5"),
        (typed, "−0,25", "-0.25"),
        (pasted, "1,5", "1.5"),
        (pasted, " −0.75 ", "-0.75"),
        (typed, "2e-1", "2e-1"),
    ]:
        put(tab, field, text)
        assert field.input_value() == value
        tab.wait_for_timeout(20)
        assert tab.locator(".field .error:not(:empty)").count() == 0
        hashed = "value => decodeURIComponent(location.hash).includes(`;${value},`)"
        tab.wait_for_function(hashed, arg=str(float(value)))


def test_what_got_lost_is_told_until_it_is_deleted(visit):
    tab = visit("#step=9")
    field = tab.get_by_role("spinbutton", name="Weight h₁ → o", exact=True)
    errors = tab.locator(".field .error:not(:empty)")
    typed(tab, field, "0.9x5")
    tab.wait_for_function("document.querySelector('#fields').innerText.includes('cannot stand here')")
    assert "it stays 0.8" in errors.text_content()
    field.press("Backspace")
    assert errors.count() == 0
    assert field.input_value() == "0.9"


def test_arrow_keys_and_spin_buttons_go_by_the_slider_s_step(visit):
    tab = visit("#step=9")
    field = tab.get_by_role("spinbutton", name="Weight h₁ → o", exact=True)
    before = shown(tab, "d.0.0")
    field.focus()
    field.press("ArrowUp")
    assert field.input_value() == "0.85"
    assert shown(tab, "d.0.0") != before
    field.press("ArrowDown")
    assert field.input_value() == "0.8"
    assert shown(tab, "d.0.0") == before
    field.hover()  # this shows the spin buttons, and scrolls the field into view
    box = field.bounding_box()
    tab.mouse.click(box["x"] + box["width"] - 9, box["y"] + 0.3 * box["height"])
    assert field.input_value() == "0.85"
    assert shown(tab, "d.0.0") != before
