"""Names and options may come in any order; mistakes are refused with a one-line message."""

import dataclasses
import pathlib
import shlex

import pytest
from tiny import TINY, Config

import experiments
from experiments.runner import arguments, catalogue
from experiments.runner.experiment import Options


@pytest.mark.parametrize(
    "typed",
    [
        ["walkthrough", "--smoke", "--epochs", "5"],
        ["--smoke", "walkthrough", "--epochs", "5"],
        ["walkthrough", "--epochs", "5", "--smoke"],
    ],
)
def test_names_and_options_in_any_order(typed):
    request = arguments.parse(typed)
    assert (request.names, request.rest, request.smoke) == (("walkthrough",), ("--epochs", "5"), True)


@pytest.mark.parametrize("typed", [["--seeds", "100:200"], ["--seeds=100:200"]])
def test_seeds_with_a_colon_are_a_share_and_without_one_a_number(typed):
    request = arguments.parse(["digits", *typed, "--epochs", "5"])
    assert (request.share, request.rest) == ((100, 200), ("--epochs", "5"))
    assert arguments.parse(["digits", "--seeds", "100"]).rest == ("--seeds", "100")


def test_who_computes():
    four = arguments.parse(["digits", "--workers", "4"])
    assert (four.workers, arguments.who_computes(four)) == (4, ["--workers", "4"])
    request = arguments.parse(["gather", "digits", "--executor", "dask://host:8786"])
    assert (request.executor, request.gather, request.names) == ("dask://host:8786", True, ("digits",))
    assert arguments.who_computes(request) == ["--executor", "dask://host:8786"]


def test_without_a_name_all_run_but_those_that_want_to_be_named():
    assert arguments.parse([]).names == tuple(n for n in experiments.STORY if n not in ("benchmark", "own"))
    assert arguments.parse(["redraw"]).names == experiments.STORY
    assert arguments.parse(["benchmark"]).by_name


def test_smoke_runs_have_a_folder_of_their_own():
    assert arguments.parse([]).out == pathlib.Path("results")
    assert arguments.parse(["--smoke"]).out == pathlib.Path("results-smoke")
    assert arguments.parse(["--smoke", "--out", "here"]).out == pathlib.Path("here")


@pytest.mark.parametrize(
    "typed, message",
    [
        (["walkthru"], "unknown experiment 'walkthru'. Did you mean 'walkthrough'? Known: walkthrough, "),
        (["redraw", "digit"], "unknown experiment 'digit'. Did you mean 'digits'?"),
        (["--size", "7"], "options --size 7 belong to one experiment: put its name before them"),
        (
            ["digits", "--check", "r.json"],
            "--check needs the walkthrough, as in: walkthrough --check receipt.json",
        ),
        (["--seed", "-1"], "must be an integer from 0 to 4294967295, got -1"),
        (["--seed", "4294967296"], "must be an integer from 0 to 4294967295, got 4294967296"),
        (["--seed", "x"], "must be an integer from 0 to 4294967295, got x"),
        (["--out", ""], "must name a folder"),
        (["--workers", "0"], "must be 1 or more, got 0"),
        (["--executor", "host:8786"], "must look like dask://host:8786, got host:8786"),
        (["--workers", "2", "--executor", "dask://a:1"], "not allowed with argument --workers"),
        (["digits", "--seeds", "5:5"], "--seeds a:b takes the seeds from a to b - 1, as in 0:1000; got 5:5"),
        (["digits", "--seeds=a:b"], "--seeds a:b takes the seeds from a to b - 1, as in 0:1000; got a:b"),
        (["--seeds", "0:5"], "NAME --seeds a:b runs a share of the seeds"),
        (["gather"], "gather NAME combines the shares"),
        (["gather", "digits", "--seeds", "0:5"], "gather NAME combines the shares"),
        (["redraw", "--workers", "2"], "redraw runs nothing; it takes --smoke, --out and --tables"),
        (["redraw", "digits", "--seeds", "0:9"], "not --seeds"),
        (["redraw", "digits", "--epochs", "3", "--seed", "0"], "not --seed --epochs 3"),
        (["redraw", "--profile", "full", "--lists", "2"], "not --profile --lists"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(typed, message, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments.parse(typed)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("typed", [["--help"], ["redraw", "digits", "--help"]])
def test_help_names_every_experiment(typed, capsys):
    with pytest.raises(SystemExit) as ended:
        arguments.parse(typed)
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in catalogue.names())


def test_help_of_one_names_its_options(capsys):
    with pytest.raises(SystemExit):
        arguments.config_of(TINY, arguments.parse(["walkthrough", "--help"]))
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in ("seed", "size", "explode"))


def test_list_and_version(capsys):
    for option, text in (("--list", "walkthrough\nsentences"), ("--version", "nnjax ")):
        with pytest.raises(SystemExit) as ended:
            arguments.parse([option])
        assert ended.value.code == 0
        assert capsys.readouterr().out.startswith(text)


def test_options_reach_the_config():
    request = arguments.parse(["walkthrough", "--smoke", "--seed", "3"])
    config = arguments.config_of(TINY, request)
    assert config == Config(seed=3, size=2)
    assert arguments.as_typed(config) == "--seed 3 --size 2"
    request = arguments.parse(["walkthrough", "--size", "7", "--explode"])
    assert arguments.as_typed(arguments.config_of(TINY, request)) == "--size 7 --explode"


def test_options_are_typed_as_a_shell_reads_them():
    @dataclasses.dataclass(frozen=True)
    class Named(Options):
        data: str = ""

    typed = arguments.as_typed(Named(data="my data's.csv"))
    assert shlex.split(typed) == ["--data", "my data's.csv"]
