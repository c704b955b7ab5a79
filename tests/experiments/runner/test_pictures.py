"""The README's pictures show the current titles, and stay small."""

import json
import pathlib

import pytest

from experiments.runner import pictures

README = (pathlib.Path(__file__).parents[3] / "README.md").read_text("utf-8")


def test_the_pictures_show_todays_titles():
    """If this test fails, run `make pictures`."""
    assert json.loads(pictures.TITLES.read_text("utf-8")) == pictures.titles()
    assert len(pictures.titles()["report"]) == pictures.SHOWN


@pytest.mark.parametrize("name", pictures.TAKEN)
def test_each_is_small_and_in_the_readme(name):
    assert f"(.github/pictures/{name}.png)" in README
    assert (pictures.PICTURES / f"{name}.png").stat().st_size < 200_000


def test_no_picture_is_left_over():
    assert {path.stem for path in pictures.PICTURES.glob("*.png")} == set(pictures.TAKEN)


def test_what_is_missing_is_said(tmp_path, capsys):
    assert pictures.main([str(tmp_path)]) == 2
    assert capsys.readouterr().out == f"{tmp_path} has no report.html: make experiment\n"
