"""Test reading a user's own table: Iris as a CSV file, and mistakes that a file may contain."""

import importlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets as sklearn_datasets

from nnjax import datasets

SPECIES = np.array(["setosa", "versicolor", "virginica"])


def iris():
    flowers: Any = sklearn_datasets.load_iris()
    frame = pd.DataFrame(flowers.data, columns=["sl", "sw", "pl", "pw"])
    return frame.assign(species=SPECIES[flowers.target])


def small(**columns):
    return pd.DataFrame({"x": np.arange(8.0), "group": list("abababab")} | columns)


def test_iris_as_csv(tmp_path):
    iris().to_csv(tmp_path / "iris.csv", index=False)
    train, test, names = datasets.table(tmp_path / "iris.csv", target="species")
    assert names == (("sl", "sw", "pl", "pw"), tuple(SPECIES), tuple(SPECIES))
    assert (train.xs.shape, train.ys.shape, test.xs.shape) == ((112, 4), (112, 3), (38, 4))
    np.testing.assert_allclose(train.xs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train.xs.std(axis=0), 1, rtol=1e-12)
    assert np.abs(test.xs.mean(axis=0)).min() > 1e-3
    assert np.ptp(test.ys.sum(axis=0)) <= 1


def test_every_row_is_there_once_and_the_seed_chooses(tmp_path):
    frame = iris()
    parts = datasets.table(frame, "species", test=0.5, seed=3)
    rows = np.concatenate([parts.train.xs, parts.test.xs])
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    values = frame[["sl", "sw", "pl", "pw"]].to_numpy()
    expected = (values - values.mean(axis=0)) / values.std(axis=0)
    got = (rows - mean) / deviation
    np.testing.assert_allclose(np.sort(got, axis=0), np.sort(expected, axis=0), rtol=1e-9, atol=1e-12)
    again, other = (datasets.table(frame, "species", test=0.5, seed=seed) for seed in (3, 4))
    assert np.array_equal(again.train.xs, parts.train.xs)
    assert not np.array_equal(other.train.xs, parts.train.xs)


def test_texts_become_columns_and_two_classes_one():
    table = datasets.table(small(colour=["red", "blue"] * 3 + ["green"] * 2), "group")
    assert table.names.inputs == ("x", "colour=blue", "colour=green", "colour=red")
    assert (table.names.outputs, table.names.classes) == (("b",), ("a", "b"))
    assert set(np.concatenate([table.train.ys, table.test.ys])[:, 0]) == {0.0, 1.0}
    assert np.all(np.concatenate([table.train.xs, table.test.xs])[:, 1:].sum(axis=1) == 1)


def test_a_number_stays_as_it_is():
    y = np.linspace(0.5, 4, 8)
    table = datasets.table(small(y=y), "y")
    assert table.names[1:] == (("y",), ())
    assert sorted(np.concatenate([table.train.ys, table.test.ys])[:, 0]) == sorted(y)


@pytest.mark.parametrize(
    "y, classes", [([0, 1] * 4, ("0", "1")), ([True, False] * 4, ("0", "1")), ([-1, 1] * 4, ("-1", "1"))]
)
def test_two_numbers_are_classes(y, classes):
    table = datasets.table(small(y=y), "y")
    assert table.names.classes == classes
    assert set(table.train.ys[:, 0]) <= {0.0, 1.0}


def test_whole_numbers_are_what_kind_says():
    frame = pd.DataFrame({"x": np.arange(12.0), "y": [1, 2, 3] * 4})
    with pytest.raises(ValueError, match=r"target 'y' holds 3 whole numbers, 1 to 3: classes or a number"):
        datasets.table(frame, "y")
    assert datasets.table(frame, "y", kind="classes").train.ys.shape == (9, 3)
    assert datasets.table(frame, "y", kind="number").train.ys.shape == (9, 1)


def test_other_files(tmp_path):
    (tmp_path / "a.csv").write_text("a;b;kind\n" + "1,5;2;x\n2,5;4;y\n" * 4)
    table = datasets.table(tmp_path / "a.csv", "kind")
    assert table.names.inputs == ("a", "b")
    (tmp_path / "b.tsv").write_text("a\tb\tkind\n" + "1.5\t2\tx\n2.5\t4\ty\n" * 4)
    np.testing.assert_array_equal(datasets.table(tmp_path / "b.tsv", "kind").train.xs, table.train.xs)
    nullable = small().convert_dtypes()
    assert datasets.table(nullable, "group").train.xs.shape == (6, 1)
    assert datasets.table({"x": [1, 2, 3, 4], "y": [0, 1, 0, 1]}, "y", test=0.5).train.xs.shape == (2, 1)


def written(folder, *rows, head="x;name;target"):
    path = folder / "table.csv"
    path.write_text("\n".join([head, *rows * 4]))
    return path


def test_a_comma_within_a_text_is_no_decimal_sign(tmp_path):
    path = written(tmp_path, "1.0;1,2-diol;a", "1.5;2,3-diol;b")
    assert datasets.table(path, "target").names.inputs == ("x", "name=1,2-diol", "name=2,3-diol")


@pytest.mark.parametrize("number", ["-1,5", "1,5e-3", '"1,5"', ",5"])
def test_a_field_with_a_decimal_comma_is_a_number(tmp_path, number):
    path = written(tmp_path, f"{number};red;a", "2;blue;b")
    assert datasets.table(path, "target").names.inputs == ("x", "name=blue", "name=red")


@pytest.mark.parametrize(
    "rows",
    [("1.0;1,5;a", "1.5;2,5;b"), ("1,5;2.5;a", "2,5;3.5;b"), ("1;2;a",) * 20 + ("1,5;2;b",) * 30],
    ids=["point first", "comma first", "comma late"],
)
def test_numbers_as_text_in_a_file_are_refused(tmp_path, rows):
    with pytest.raises(ValueError, match=r"column '(x|name)' holds numbers as text, such as '.*one decimal"):
        datasets.table(written(tmp_path, *rows), "target")


@pytest.mark.parametrize("values", [["1", "2"], ["1,5", "2,5"], ["-1e3", "2.5"]])
def test_numbers_as_text_in_a_data_frame_are_refused_unless_they_are_categories(values):
    frame = small(code=values * 4)
    with pytest.raises(ValueError, match="column 'code' holds numbers as text"):
        datasets.table(frame, "group")
    inputs = datasets.table(frame.astype({"code": "category"}), "group").names.inputs
    assert inputs == ("x", *(f"code={value}" for value in sorted(values)))


def test_true_and_false_among_objects_are_text():
    frame = small(answer=np.array([True, False] * 4, object))
    assert datasets.table(frame, "group").names.inputs == ("x", "answer=False", "answer=True")


@pytest.mark.parametrize(
    "frame, message",
    [
        (small().rename(columns={"group": "groups"}), "unknown column 'group'. Did you mean 'groups'"),
        (small(x=[1, 2, None, 4, 5, 6, 7, 8]), r"row 3, column 'x' is empty \(1 in all\)"),
        (small(group=[*"ababab", None, "a"]), "row 7, column 'group' is empty"),
        (small(x=[1, 2, np.inf, 4, 5, 6, 7, 8]), "row 3, column 'x' is infinite"),
        (small(x=["1", "2", "3?", "4", "5", "6", "7", "8"]), r"row 3, column 'x' holds '3\?' among numbers"),
        (small(group="a"), "target 'group' is 'a' in every row: there is nothing to learn"),
        (small(group=list("aaaaaaab")), "8 rows of 2 classes, the smallest with 1, are too few"),
        (small(x=[f"n{i}" for i in range(8)]), "column 'x' holds 8 different strings in 8 rows"),
        (
            small(x=pd.date_range("2020", periods=8)),
            "column 'x' holds datetime64.* neither numbers nor text",
        ),
        (small()[["group"]], "the table has no column other than the target 'group'"),
        (small()[:2], "the table has 2 rows; 4 or more are needed"),
        (small()[:0], "the table has 0 rows"),
    ],
)
def test_bad_tables_are_refused_by_name(frame, message):
    with pytest.raises(ValueError, match=message):
        datasets.table(frame, "group")


def test_bad_files(tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "picture.csv").write_bytes(bytes(range(256)))
    for name in ("empty", "picture"):
        with pytest.raises(ValueError, match=r"csv is not a table of text and numbers|codec can't decode"):
            datasets.table(tmp_path / f"{name}.csv", "y")
    with pytest.raises(FileNotFoundError):
        datasets.table(tmp_path / "none.csv", "y")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"test": 1.0}, "test must lie between 0 and 1"),
        ({"kind": "clases"}, "unknown kind 'clases'. Did you mean"),
        ({"kind": "number"}, "target 'group' holds text, not numbers"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        datasets.table(small(), "group", **options)


@pytest.mark.parametrize(
    "missing, package", [("pandas", "pandas"), ("sklearn.preprocessing", "scikit-learn")]
)
def test_what_is_not_installed_is_named(missing, package, monkeypatch):
    def find(name):
        if name == missing:
            raise ModuleNotFoundError(name)
        return right(name)

    right = importlib.import_module
    monkeypatch.setattr(importlib, "import_module", find)
    with pytest.raises(ImportError, match=f"datasets.table needs {package}: pip install 'nnjax"):
        datasets.table(small(), "group")


def test_a_part_of_the_rows_is_drawn_by_the_seed_and_loses_no_class():
    frame = pd.DataFrame({"x": np.arange(1000.0), "group": np.where(np.arange(1000) < 2, "rare", "usual")})
    part = datasets.table(frame.assign(group=list("ab") * 500), "group", rows=100)
    assert (len(part.train.xs), len(part.test.xs)) == (75, 25)
    assert len(np.unique(np.concatenate([part.train.xs, part.test.xs]))) == 100
    assert len(datasets.table(frame.iloc[:8], "x", kind="number", rows=9).train.xs) == 6
    with pytest.raises(ValueError, match="100 rows of 2 classes, the smallest with 0, are too few"):
        datasets.table(frame, "group", rows=100)
    with pytest.raises(ValueError, match="rows must be 4 or more, got 3"):
        datasets.table(frame, "group", rows=3)


def test_a_text_among_numbers_is_seen_in_a_row_that_is_not_drawn():
    frame = pd.DataFrame({"x": [*range(999), "oops"], "group": list("ab") * 500})
    with pytest.raises(ValueError, match="row 1000, column 'x' holds 'oops' among numbers"):
        datasets.table(frame, "group", rows=4)


@pytest.mark.parametrize("first, inputs", [(0, ("x",)), (1, ("x",)), (5, ("Unnamed: 0", "x"))])
def test_row_numbers_of_a_file_are_no_input(tmp_path, first, inputs):
    frame = small()
    frame.index = frame.index + first
    frame.to_csv(tmp_path / "rows.csv")
    assert datasets.table(tmp_path / "rows.csv", "group").names.inputs == inputs


def test_columns_are_left_out_by_name():
    frame = small(name=[f"row {n}" for n in range(8)])
    with pytest.raises(ValueError, match=r"leave it out: without=\['name'\]"):
        datasets.table(frame, "group")
    assert datasets.table(frame, "group", without=["Name"]).names.inputs == ("x",)
    assert datasets.table(frame, "group", without="Name").names.inputs == ("x",)
    with pytest.raises(ValueError, match="unknown column 'group'"):
        datasets.table(frame, "group", without=["group"])
