"""No picture on the page changes another one, or the look of the page."""

import io
import re

import pytest

from experiments.runner import style
from experiments.runner.inline import inline


def picture(prefix="a", colour=style.COLOURS[1]):
    with style.context():
        figure, axes = style.panel()
        axes.plot([0, 1], [0, 1], "o-", color=colour, label="line")
        axes.text(0.5, 0.5, "bold", weight="bold", style="italic", color=style.GREY)
        axes.text(0.1, 0.9, "0.02473567")
        axes.legend()
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return inline(file.getvalue(), prefix, 'a "name"')


def test_ids_are_of_one_picture_alone():
    one, other = (set(re.findall(r' id="([^"]+)"', picture(prefix))) for prefix in "ab")
    assert one
    assert not one & other
    text = picture("a")
    assert set(re.findall(r'(?:href="|url\()#([^")]+)', text)) == one


def test_colours_are_the_pages():
    text = picture()
    assert {"var(--c1)", "var(--grey)"} <= set(re.findall(r"var\([^)]+\)", text))
    assert not re.search("#[0-9a-f]{6}", text)
    assert "#123456" in picture(colour="#123456")


def test_text_stays_text_in_the_font_of_the_page():
    text = picture()
    assert re.search(r'<text style="[^"]*font-weight: 700; font-size: 12px', text)
    assert ">bold</text>" in text
    assert "font-family" not in text
    assert "<style" not in text
    assert 'aria-label="a &quot;name&quot;"' in text


def test_numbers_in_text_keep_their_digits():
    text = picture()
    assert ">0.02473567</text>" in text
    assert not re.search(r'="[^"]*\d\.\d{3}', text)


def test_what_is_no_picture_of_ours_is_refused():
    with pytest.raises(ValueError, match="the picture a has no viewBox"):
        inline("<svg><g/></svg>", "a", "")
