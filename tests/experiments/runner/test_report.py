"""The page is self-contained, escapes text, marks smoke runs, and shows only digits that are known."""

import dataclasses
import pathlib
import re

import pytest
import tiny
from tiny import TINY

import experiments
from experiments.runner import report, store, style


def page(out):
    return report.write(out, store.stored(out, ["tiny"])[0]).read_text()


def test_the_page_stands_alone_and_escapes(tmp_path):
    tiny.saved(tmp_path)
    text = page(tmp_path)
    assert not re.findall(r'src="', text)
    targets = re.findall(r'<(\w+)[^>]* href="([^"]*)"', text)
    assert {tag for tag, target in targets if not target.startswith("#")} == {"a"}
    used = re.findall(r"url\(#([^)]*)\)", text)
    assert {target.removeprefix("card-")[:10] for target in used} == {"tiny-line-"}
    assert "A line &amp; its &lt;caption&gt;" in text
    assert "<p>The sum is &lt;10&gt;.</p>" in text
    assert 'id="tiny-sum"' in text
    assert "Smoke run" not in text
    assert "<td>theorem</td><td>1</td><td>0</td><td>0</td>" in text
    assert "Theorem: arithmetic" in text


def test_figures_are_elements_of_the_page_with_ids_of_their_own(tmp_path):
    tiny.saved(tmp_path)
    text = page(tmp_path)
    assert text.count('<svg viewBox="0 0 352 264" width="352" height="264"') == 2
    assert 'aria-label="A line &amp; its &lt;title&gt;"' in text
    assert "var(--c0)" in text
    assert not re.search(style.COLOURS[0], text.split("<body>")[1], re.IGNORECASE)
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert all(f'id="{each}"' in text for each in re.findall(r'(?:href="|url\()#([^")]*)', text))


def test_a_section_links_its_files_which_are_there(tmp_path):
    tiny.saved(tmp_path)
    linked = {target for target in re.findall(r'href="(tiny/[^"]*)"', page(tmp_path))}
    files = {"data.nc", "findings.csv", "table-numbers.csv", "line.svg", "line.png"}
    assert linked == {f"tiny/{name}" for name in files}
    assert all((tmp_path / name).exists() for name in linked)
    assert "make experiment NAME=tiny\npython -m experiments tiny" in page(tmp_path)


def test_a_card_links_its_section(tmp_path):
    tiny.saved(tmp_path)
    card = re.search(
        r'<a class="card" href="#tiny"><div><p>(.*?)</p><p class="number">(.*?)</p>', page(tmp_path)
    )
    assert card
    assert card.groups() == ("Five numbers sum up.", "10")


def test_cards_come_in_the_order_of_surprise(monkeypatch):
    monkeypatch.setattr(experiments, "CARDS", ("b", "a"))
    card = {"sentence": "s", "finding": "f", "figure": "line"}
    results = [
        {
            "manifest": {"name": name, "figures": {"line": {"panels": [1, 2, 3]}}},
            "card": card if name != "none" else None,
            "findings": [{"id": "f", "measured": 1.0, "interval": [1.0, 1.0]}],
        }
        for name in ("new", "none", "a", "b")
    ]
    shown = [(each["result"]["manifest"]["name"], each["panels"]) for each in report.cards(results)]
    assert shown == [("b", [1, 2]), ("a", [1]), ("new", [1])]
    assert len(list(report.cards(results * 4))) == 10


def test_what_was_refuted_is_in_view_and_what_was_confirmed_is_folded(tmp_path):
    low = dataclasses.replace(tiny.SUM, kind="guess", expected=(0.0, 1.0))
    wrong = dataclasses.replace(
        TINY, findings=lambda data: [dataclasses.replace(TINY.findings(data)[0], expectation=low)]
    )
    tiny.saved(tmp_path)
    text = page(tmp_path)
    assert "<h3>Refuted</h3>" not in text
    assert "1 finding confirmed" in text
    store.save_result(wrong, tmp_path / "tiny")
    text = page(tmp_path)
    assert "confirmed</summary>" not in text
    assert "<h3>Refuted</h3>" in text
    assert '<span class="verdict guess">≠ refutes our guess</span>' in text


def test_no_more_than_two_refuted_findings_are_in_view(tmp_path):
    low = dataclasses.replace(tiny.SUM, kind="guess", expected=(0.0, 1.0))
    wrong = dataclasses.replace(TINY.findings(tiny.run(tiny.Config(), None))[0], expectation=low)
    many = dataclasses.replace(TINY, findings=lambda data: [dataclasses.replace(wrong)] * 5)
    tiny.saved(tmp_path)
    store.save_result(many, tmp_path / "tiny")
    before, after = page(tmp_path).split("<details><summary>3 more refuted or open</summary>")
    assert before.count("refutes our guess</span>") == 2
    assert after.count("refutes our guess</span>") == 3


def test_what_a_story_folds_stands_under_a_title(tmp_path):
    tiny.saved(tmp_path)
    title = r'<details class="aside"><summary>Any &lt;more&gt;\?</summary>'
    folded = rf"</figure>\s*{title}\s*<p>Not one.</p>\s*</details>"
    assert re.search(folded, page(tmp_path))
    assert report.unfolded(["a", {"figure": "b"}]) == [("", ["a", {"figure": "b"}])]
    assert report.unfolded(["a", {"title": "c"}, "d"]) == [("", ["a"]), ("c", ["d"])]


def test_the_lines_that_read_the_data_are_those_of_the_readme():
    readme = (pathlib.Path(__file__).parents[3] / "README.md").read_text("utf-8")
    assert f"```python\n{report.PYTHON}\n```" in readme
    assert f"```r\n{report.R}\n```" in readme


def test_the_explorer_is_linked_where_it_is(tmp_path):
    tiny.saved(tmp_path)
    assert "explorer" not in page(tmp_path)
    (tmp_path / "explorer.html").touch()
    assert 'href="explorer.html"' in page(tmp_path)


def test_a_smoke_run_is_marked_and_not_judged(tmp_path):
    tiny.saved(tmp_path, smoke=True)
    text = page(tmp_path)
    assert text.count("Smoke run") == 2
    assert "1 finding not judged" in text


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
