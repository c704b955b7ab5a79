"""The experiment on a user's own table: its options, and its messages about bad files."""

import dataclasses

import pytest

from experiments import own
from experiments.__main__ import main
from experiments.own import task

GOOD = "a,b,group\n" + "".join(f"{n},{n % 5},{'xy'[n % 2]}\n" for n in range(20))
BAD = {
    "no such file": (None, "group", "bad.csv: No such file or directory"),
    "empty": ("", "group", "bad.csv is not a table of text and numbers in UTF-8"),
    "two rows": ("a,group\n1,x\n2,y\n", "group", "the table has 2 rows; 4 or more are needed"),
    "one class": ("a,group\n" + "1,x\n" * 9, "group", "target 'group' is 'x' in every row"),
    "no such column": (GOOD, "groups", "unknown column 'groups'. Did you mean 'group'?"),
    "a text among numbers": (GOOD.replace("7,2,", "seven,2,"), "group", "row 8, column 'a' holds 'seven'"),
    "a gap": (GOOD.replace("7,2,", ",2,"), "group", "row 8, column 'a' is empty"),
    "no target": (GOOD, "", "name a table: --data FILE --target COLUMN"),
}


@pytest.mark.parametrize("content, target, message", BAD.values(), ids=BAD)
def test_a_bad_table_is_one_line(content, target, message, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_text(content)
    words = ["own", "--smoke", "--data", str(path), "--out", str(tmp_path / "results")]
    assert main([*words, *(["--target", target] if target else [])]) == 2
    printed = capsys.readouterr().out
    assert message in printed
    assert len(printed.splitlines()) == 1
    assert not list((tmp_path / "results").iterdir())


def test_what_the_table_holds_and_what_it_needs_is_said_first(tmp_path, monkeypatch):
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    config = own.Config(data=str(path), target="group", seeds=8)
    said = own.preview(config)
    assert (
        f"{path}: 15 rows to train on, 5 to test with; inputs a, b; group: classes x, y. Needs about 5"
        in said
    )
    more = dataclasses.replace(config, seeds=10**9)
    assert own.memory(more, task.read(config.source)) > 1e12
    monkeypatch.setattr(task, "available_memory", lambda: 10**9)
    with pytest.raises(
        MemoryError, match=r"training 1000000000 seeds on 15 rows needs about .* GB of memory"
    ):
        own.preview(more)


def test_names_are_known_in_any_case_and_depths_sorted():
    config = own.Config(activations=("ReLU", "Logistic"), weights=("He",), depths=(5, 1))
    assert (config.activations, config.weights, config.depths) == (
        ("relu", "sigmoid"),
        ("he_normal",),
        (1, 5),
    )
    assert own.Config(hidden=(8,), depths=(1, 3), seeds=5, deep_seeds=9).counts == {(8,): 9, (8, 8, 8): 9}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"activations": ("relu", "ReLU")}, "activations must be one or more different values"),
        ({"rates": ()}, "rates must be one or more"),
        ({"rates": (0.1, -1.0)}, "rates must be above 0"),
        ({"hidden": (8, 0)}, "hidden must be numbers of at least 1"),
        ({"weights": ("hee",)}, "unknown weights scheme 'hee'"),
        ({"compared": 1}, "compared must be 2 or more"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        own.Config(**options)
