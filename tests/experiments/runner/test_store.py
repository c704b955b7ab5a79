"""The results folder: data are written first, each step completely or not at all, and nothing is lost."""

import dataclasses
import json

import numpy as np
import pytest
import tiny
import xarray as xr
from tiny import TINY, Config

from experiments.runner import expectations, store
from experiments.runner.experiment import Show


def test_a_stored_result_is_complete(tmp_path):
    folder = tiny.saved(tmp_path)
    names = {"data.nc", "line.png", "line.svg", "findings.json", "tables.json", "manifest.json"}
    names |= {"findings.csv", "table-numbers.csv", "story.json"}
    assert {path.name for path in folder.iterdir()} == names
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["config"] == {"seed": 0, "size": 5, "explode": False}
    assert set(manifest["sha256"]) == names - {"manifest.json"}
    with xr.open_dataset(folder / "data.nc", engine="h5netcdf") as data:
        assert data["x"].values.tolist() == [0, 1, 2, 3, 4]


def test_what_is_told_comes_from_the_data_on_disk_and_is_made_once(tmp_path):
    seen = []

    def findings(data):
        seen.append(data)
        return TINY.findings(data)

    watched = dataclasses.replace(TINY, findings=findings)
    folder = tiny.measured(tmp_path)
    result = store.save_result(watched, folder)
    assert len(seen) == 1
    assert isinstance(seen[0], xr.Dataset)
    assert [each.id for each in result.findings] == ["sum"]


def test_parts_come_back_as_a_tree(tmp_path):
    parts = {
        "one": xr.Dataset({"x": ("seed", np.arange(2))}),
        "two": xr.Dataset({"x": ("seed", np.arange(3))}),
    }
    folder = store.save_data(tmp_path, xr.DataTree.from_dict(parts), {"name": "parts", "smoke": False})
    data = store.load_data(folder)
    assert isinstance(data, xr.DataTree)
    assert np.asarray(data["two"]["x"]).tolist() == [0, 1, 2]


def test_figures_story_and_card_are_told(tmp_path):
    told = store.load(tiny.saved(tmp_path))
    panel = {"file": "line.svg", "width": 352, "height": 264}
    assert told["manifest"]["figures"]["line"]["panels"] == [panel]
    assert told["story"] == ["The sum is <{sum}>.", {"figure": "line"}, {"title": "Any <more>?"}, "Not one."]
    assert told["card"] == {"sentence": "Five numbers sum up.", "finding": "sum", "figure": "line"}


def test_a_story_shows_what_is_drawn(tmp_path):
    wrong = dataclasses.replace(TINY, story=lambda data: [Show("circle")])
    with pytest.raises(KeyError, match="the story of tiny shows circle, which is not drawn"):
        store.save_result(wrong, tiny.measured(tmp_path))


@pytest.mark.parametrize("what", ["findings", "tables", "figures", "story"])
def test_a_slip_in_what_is_told_loses_no_data(tmp_path, what):
    folder = tiny.measured(tmp_path, Config(size=9))
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(ZeroDivisionError):
        store.save_result(dataclasses.replace(TINY, **{what: lambda data: 1 / 0}), folder)
    assert tiny.numbers(folder) == list(range(9))
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir()] == ["tiny"]
    store.save_result(TINY, folder)
    assert store.load(folder)["findings"][0]["measured"] == 36.0


def test_new_data_take_the_place_of_an_older_result_as_a_whole(tmp_path):
    tiny.saved(tmp_path)
    folder = tiny.measured(tmp_path, Config(size=3))
    assert {path.name for path in folder.iterdir()} == {"data.nc", "manifest.json"}
    _, (message,) = store.stored(tmp_path, ["tiny"])
    assert message == "tiny has data but no figures yet; python -m experiments redraw tiny"


def test_a_kill_between_the_two_renames_is_recovered(tmp_path):
    tiny.saved(tmp_path)
    (tmp_path / "tiny").rename(tmp_path / ".tiny-old")
    results, damaged = store.stored(tmp_path, ["tiny"])
    assert [result["manifest"]["name"] for result in results] == ["tiny"]
    assert not damaged
    assert not (tmp_path / ".tiny-old").exists()


@pytest.mark.parametrize("name", ["findings.json", "data.nc"])
def test_changed_files_are_refused(tmp_path, name):
    folder = tiny.saved(tmp_path)
    (folder / name).write_text("[]")
    with pytest.raises(ValueError, match=rf"tiny/{name} was changed after it was written"):
        store.load(folder)
    results, (message,) = store.stored(tmp_path, ["tiny"])
    assert not results
    assert "changed after it was written" in message


def test_changed_data_are_not_redrawn(tmp_path):
    folder = tiny.measured(tmp_path)
    (folder / "data.nc").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"tiny/data.nc was changed"):
        store.save_result(TINY, folder)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/results cannot be written: .*; choose another with --out"):
        store.check_writable(tmp_path / "file" / "results")
    with pytest.raises(OSError, match="cannot be written"):
        tiny.measured(tmp_path / "file" / "results")


def test_a_smoke_run_has_no_verdict(tmp_path):
    (finding,) = store.load(tiny.saved(tmp_path, smoke=True))["findings"]
    assert finding["verdict"] is None
    (finding,) = store.load(tiny.saved(tmp_path))["findings"]
    assert finding["verdict"] == "agrees"


def test_infinite_bounds_are_text_since_json_has_none():
    (finding,) = TINY.findings(xr.Dataset({"x": ("n", [10])}))
    open_ended = dataclasses.replace(finding, expectation=finding.expectation.between(5.0, np.inf))
    assert store.as_json(open_ended)["expected"] == [5.0, "inf"]


def test_findings_are_counted_by_class_and_say_whose_they_are(tmp_path):
    told = json.loads((tiny.saved(tmp_path) / "findings.json").read_text())
    assert told["counts"] == {"theorem": {"agrees": 1}}
    (finding,) = told["findings"]
    assert (finding["class"], finding["source"], finding["after_measurement"]) == (
        "theorem",
        "arithmetic",
        False,
    )


def test_a_second_list_of_seeds_stands_beside_the_first_and_opens_verdicts(tmp_path):
    folder = tiny.measured(tmp_path)
    other = tiny.run(Config(size=3), None)
    store.add_second(folder, other, {"second_list": {"seed": 7}})
    for _ in range(2):  # created, and created again
        result = store.save_result(TINY, folder)
    assert [each.verdict for each in result.findings] == ["open"]
    (finding,) = store.load(folder)["findings"]
    assert finding["verdict"] == "open"
    assert finding["second_list"] == {"measured": 3.0, "interval": [3.0, 3.0], "verdict": "differs"}
    assert finding["measured"] == 10.0
    manifest = store.read_manifest(folder)
    assert manifest["second_list"] == {"seed": 7}
    assert "data_second.nc" in manifest["sha256"]


def test_the_manifest_tells_by_which_expectations_it_was_judged(tmp_path, monkeypatch):
    folder = tiny.measured(tmp_path)
    before = expectations.digest()
    assert store.read_manifest(folder)["expectations"] == {"at_the_run": before}
    monkeypatch.setattr(expectations, "digest", lambda: "changed")
    store.save_result(TINY, folder)
    assert store.read_manifest(folder)["expectations"] == {"at_the_run": before, "at_the_judging": "changed"}


def test_a_result_of_an_older_version_is_named(tmp_path, monkeypatch):
    folder = tiny.saved(tmp_path)
    (folder / "story.json").unlink()
    monkeypatch.setattr(store, "read_manifest", lambda folder: {})
    with pytest.raises(ValueError, match="tiny was judged by an older version; python -m experiments redraw"):
        store.load(folder)
