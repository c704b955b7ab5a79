"""The page is one file that works offline, built from modules that cannot interfere with each other."""

import json
import re

import pytest

from experiments.explorer import page
from experiments.walkthrough.numbers import CASES, STEPS


@pytest.fixture(scope="module")
def text(golden):
    return page.render(golden)


def test_the_page_stands_alone_and_is_small(text):
    assert len(text.encode()) < 300_000
    addresses = set(re.findall(r'(?:src|href)="([^"#]+)', text)) | set(re.findall(r"url\(([^)]*)", text))
    assert addresses == {"data:,", "https://lassehansen.me", "report.html"}
    assert "fetch(" not in text
    assert not re.search(r"^\s*(import|export) ", text, re.MULTILINE)


def test_the_numbers_are_the_walkthroughs(golden, text):
    assert list(golden["cases"]) == list(CASES)
    assert [row["text"] for row in golden["printed"]] == [t for step in STEPS for t in step.printed]
    assert sum(not row["agrees"] for row in golden["printed"]) == 12
    (found,) = re.findall(r'id="golden">(.*?)</script>', text, re.DOTALL)
    assert json.loads(found) == golden


def test_no_printed_number_is_typed_into_a_module(golden):
    script = page.joined()
    for row in golden["printed"]:
        if len(row["text"]) > 5:
            assert row["text"] not in script


def module(folder, name, text):
    (folder / f"{name}.mjs").write_text(text)


def test_modules_come_after_what_they_import(tmp_path):
    module(tmp_path, "a", 'import { late } from "./b.mjs";\nexport function begin() { return late; }\n')
    module(tmp_path, "b", "export const late = 1;\n")
    text = page.joined(tmp_path)
    assert text.index("const late") < text.index("function begin")


@pytest.mark.parametrize(
    "other, message",
    [
        ("const late = 2;\n", "several modules have a name in common: late"),
        ('import * as a from "./a.mjs";\n', "modules may only use import"),
        ("export { late };\n", "modules may only use import"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path, other, message):
    module(tmp_path, "a", "export const late = 1;\n")
    module(tmp_path, "b", other)
    with pytest.raises(ValueError, match=message):
        page.joined(tmp_path)


def test_it_is_written_whole(tmp_path, walkthrough):
    path = page.write(tmp_path, *walkthrough)
    assert path == tmp_path / "explorer.html"
    assert list(tmp_path.iterdir()) == [path]
