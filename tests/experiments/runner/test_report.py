"""The page stands alone, escapes, marks smoke runs, and shows numbers as long as they are known."""

import re

import pytest
import tiny

from experiments.runner import report, store, style


def page(out):
    return report.write(out, store.stored(out, ["tiny"])[0]).read_text()


def test_the_page_stands_alone_and_escapes(tmp_path):
    tiny.saved(tmp_path)
    text = page(tmp_path)
    sources = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert sources
    assert all(source.startswith(("#", "tiny/")) for source in sources)
    assert all(target.startswith("#tiny-line-") for target in re.findall(r"url\(([^)]*)\)", text))
    assert "A line &amp; its &lt;caption&gt;" in text
    assert "<p>The sum is &lt;10&gt;.</p>" in text
    assert "✓ agrees" in text
    assert 'id="tiny-sum"' in text
    assert "Smoke run" not in text
    assert "<td>theorem</td><td>1</td><td>0</td><td>0</td><td>0</td>" in text
    assert "theorem: arithmetic" in text


def test_figures_are_elements_of_the_page_with_ids_of_their_own(tmp_path):
    tiny.saved(tmp_path)
    text = page(tmp_path)
    assert text.count('<svg viewBox="0 0 352 264" width="352" height="264"') == 1
    assert 'aria-label="A line &amp; its &lt;title&gt;"' in text
    assert "var(--c0)" in text
    assert not re.search(style.COLOURS[0], text.split("<body>")[1], re.IGNORECASE)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert all(f'id="{each}"' in text for each in re.findall(r'(?:href="|url\()#([^")]*)', text))


def test_the_explorer_is_linked_where_it_is(tmp_path):
    tiny.saved(tmp_path)
    assert "explorer" not in page(tmp_path)
    (tmp_path / "explorer.html").touch()
    assert 'href="explorer.html"' in page(tmp_path)


def test_a_smoke_run_is_marked_and_not_judged(tmp_path):
    tiny.saved(tmp_path, smoke=True)
    text = page(tmp_path)
    assert text.count("Smoke run") == 2
    assert "agrees</span>" not in text


@pytest.mark.parametrize(
    "command, typed",
    [
        ("python -m experiments tiny", "make experiment NAME=tiny"),
        (
            "python -m experiments tiny --size 7 --explode",
            'make experiment NAME=tiny ARGS="--size 7 --explode"',
        ),
    ],
)
def test_the_command_to_run_it_again_works_in_a_fresh_clone(command, typed):
    assert report.again(command) == typed
