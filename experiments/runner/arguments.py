"""The command line: which experiments run, at which size and with which options, and where results go."""

import argparse
import dataclasses
import difflib
import itertools
import pathlib
import shlex
import textwrap
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any

import experiments
from experiments.runner import catalogue

COMMANDS = ("redraw", "gather")
"""Words that stand before the names of experiments."""
ALSO = (
    "--smoke, --profile default|full, --lists 1|2, --seeds a:b (one job of an array), --workers N, "
    "--executor ADDRESS, --out DIR, --tables"
)
"""Options of every experiment."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What the command was asked to do.

    Attributes:
        redraw: Whether to make figures and findings again from the data on disk, without running anything.
        names: The experiments.
        by_name: Whether experiments were named; if not, all experiments run.
        rest: Options of the experiment, if only one is named.
        smoke: Whether to run at the smallest size, which takes seconds.
        seed: The first seed; None means the experiment's default.
        profile: "default" or "full".
        out: The results folder.
        lists: Number of lists of seeds; with two lists, a verdict that differs between them is open.
        check: A receipt from the explorer to check instead of running anything; None otherwise.
        gather: Whether to make the result from the shares that the jobs of a job array have computed.
        share: (a, b) if only the runs of seeds a to b - 1 are to be computed and kept; None for all seeds.
        workers: Number of processes on this machine that run the sweeps; None if this process runs them.
        executor: The address of a Dask scheduler whose workers run the sweeps; None if there is no scheduler.
        tables: Whether to print tables as well as findings.
    """

    redraw: bool
    names: tuple[str, ...]
    by_name: bool
    rest: tuple[str, ...]
    smoke: bool
    seed: int | None
    profile: str
    out: pathlib.Path
    lists: int = 1
    check: pathlib.Path | None = None
    gather: bool = False
    share: tuple[int, int] | None = None
    workers: int | None = None
    executor: str | None = None
    tables: bool = False


def parse(arguments: Sequence[str]) -> Request:
    """Read the command's arguments; an experiment's options follow its name, and others can be anywhere.

    Raises:
        SystemExit: Help, a list or the version was requested (status 0), or an argument was wrong (status 2).
    """
    parser = _parser()
    share, others = _split_off_share(parser, arguments)
    options, words = parser.parse_known_args(others)
    names, rest = _leading_names(words)
    redraw, gather = (names[:1] == [word] for word in COMMANDS)
    names = names[1:] if redraw or gather else names
    known = catalogue.names()
    if options.help and (redraw or len(names) != 1):
        parser.print_help()
        raise SystemExit(0)
    _check(parser, names, known, rest)
    if options.check and names != ["walkthrough"]:
        parser.exit(2, "--check needs the walkthrough, as in: walkthrough --check receipt.json\n")
    if (gather or share) and (not names or (gather and share)):
        parser.exit(2, "NAME --seeds a:b runs a share of the seeds; gather NAME combines the shares\n")
    if redraw:
        _check_redraw(parser, options, rest, share)
    everything = [name for name in known if redraw or name not in experiments.ONLY_BY_NAME]
    return Request(
        redraw=redraw,
        names=tuple(names or everything),
        by_name=bool(names),
        rest=(*rest, *(("--help",) if options.help else ())),
        smoke=options.smoke,
        seed=options.seed,
        profile=options.profile,
        out=options.out or pathlib.Path("results-smoke" if options.smoke else "results"),
        lists=options.lists or (2 if options.profile == "full" and not options.smoke else 1),
        check=options.check,
        gather=gather,
        share=share,
        workers=options.workers,
        executor=options.executor,
        tables=options.tables,
    )


def _check_redraw(
    parser: argparse.ArgumentParser, options: argparse.Namespace, rest: Sequence[str], share: Any
) -> None:
    """Refuse what only a run could do."""
    values = vars(options) | {"seeds": share, "profile": None if options.profile == "default" else "full"}
    names = ("seed", "seeds", "profile", "lists", "check", "workers", "executor")
    refused = [*(f"--{name}" for name in names if values[name] is not None), *rest]
    if refused:
        takes = "redraw runs nothing; it takes --smoke, --out and --tables, not"
        parser.exit(2, f"{takes} {shlex.join(refused)}\n")


def _split_off_share(
    parser: argparse.ArgumentParser, words: Sequence[str]
) -> tuple[tuple[int, int] | None, list[str]]:
    """Split off --seeds a:b; --seeds 100, which is a number of seeds, is left to the experiment."""
    words = list(words)
    for place, (option, value) in enumerate(itertools.pairwise([*words, ""])):
        if option == "--seeds" and ":" in value:
            return _share(parser, value), words[:place] + words[place + 2 :]
        if option.startswith("--seeds=") and ":" in option:
            return _share(parser, option.partition("=")[2]), words[:place] + words[place + 1 :]
    return None, words


def _share(parser: argparse.ArgumentParser, text: str) -> tuple[int, int]:
    first, _, end = text.partition(":")
    if not (first.isdigit() and end.isdigit() and int(first) < int(end) <= experiments.SEEDS):
        parser.exit(2, f"--seeds a:b takes the seeds from a to b - 1, as in 0:1000; got {text}\n")
    return int(first), int(end)


def _leading_names(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate the names of experiments from the options that follow."""
    first = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    return list(words[:first]), list(words[first:])


def _check(
    parser: argparse.ArgumentParser, names: Sequence[str], known: Sequence[str], rest: Sequence[str]
) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            parser.exit(2, f"unknown experiment {name!r}.{hint} Known: {', '.join(known)}\n")
    if rest and len(names) != 1:
        parser.exit(2, f"options {' '.join(rest)} belong to one experiment: put its name before them\n")


def _wrapped(text: str, indent: int = 0) -> str:
    return textwrap.fill(text, 79, subsequent_indent=" " * indent)


def _parser() -> argparse.ArgumentParser:
    listing = "\n".join(_wrapped(f"  {name:22}{catalogue.headline(name)}", 24) for name in catalogue.names())
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        usage="python -m experiments [redraw | gather] [NAME ...] [options]",
        description="Runs the named experiments, or all of them if none is named.\n"
        "NAME --help shows the options of NAME.\n"
        "redraw makes findings, figures and the report again from the data on disk.\n"
        "NAME --seeds a:b computes and keeps only the runs of seeds a to b - 1, as one job of a job array;\n"
        "gather NAME combines the runs that are kept into the result.",
        epilog=f"experiments:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,  # the help for one experiment is made from its Config
    )
    parser.add_argument("-h", "--help", action="store_true", help="show this help, or the options of NAME")
    parser.add_argument("--list", action=_List, nargs=0, help="list the experiments")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version of nnjax")
    parser.add_argument("--smoke", action="store_true", help="run the same code at a size that takes seconds")
    parser.add_argument("--seed", type=_seed, help="first random seed (default: the experiment's own)")
    parser.add_argument("--profile", choices=("default", "full"), default="default", help="size of the runs")
    parser.add_argument(
        "--lists",
        type=int,
        choices=(1, 2),
        help="number of lists of seeds; a verdict that differs between two lists is open "
        "(2 with --profile full, else 1)",
    )
    parser.add_argument(
        "--out",
        type=_folder,
        metavar="DIR",
        help="folder for results (default: results, or results-smoke with --smoke)",
    )
    parser.add_argument(
        "--tables",
        action="store_true",
        help="also print the tables; the report and the CSV files always contain them",
    )
    parser.add_argument(
        "--check",
        type=pathlib.Path,
        metavar="FILE",
        help="check a receipt from the explorer (with walkthrough)",
    )
    spread = parser.add_mutually_exclusive_group()
    spread.add_argument("--workers", type=_workers, metavar="N", help="run sweeps in N processes, on CPUs")
    spread.add_argument(
        "--executor",
        type=_address,
        metavar="dask://HOST:PORT",
        help="run sweeps on a Dask scheduler's workers",
    )
    return parser


class _List(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(*catalogue.names(), sep="\n")
        parser.exit(0)


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata

        print("nnjax", metadata.version("nnjax"))
        parser.exit(0)


def _seed(text: str) -> int:
    if not text.lstrip("-").isdigit() or not 0 <= int(text) < experiments.SEEDS:
        raise argparse.ArgumentTypeError(f"must be an integer from 0 to {experiments.SEEDS - 1}, got {text}")
    return int(text)


def _workers(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {text}")
    return int(text)


def _address(text: str) -> str:
    parts = urllib.parse.urlsplit(text)
    if parts.scheme != "dask" or not parts.netloc:
        raise argparse.ArgumentTypeError(f"must look like dask://host:8786, got {text}")
    return text


def _folder(name: str) -> pathlib.Path:
    if not name:
        raise argparse.ArgumentTypeError("must name a folder")
    return pathlib.Path(name)


def config_of(experiment: Any, request: Request) -> Any:
    """Make the experiment's Config; the user's options override the requested size, which overrides defaults.

    Raises:
        SystemExit: An option is unknown or out of range.
    """
    import tyro

    seed = {} if request.seed is None else {"seed": request.seed}
    default = dataclasses.replace(experiment.config(), **{**_size(experiment, request), **seed})
    return tyro.cli(
        experiment.config,
        default=default,
        args=request.rest,
        prog=f"python -m experiments {experiment.name}",
        description=_wrapped(f"{experiment.question} Also: {ALSO}.", 1),
    )


def _size(experiment: Any, request: Request) -> Mapping[str, Any]:
    if request.smoke:
        return experiment.smoke or {}
    return experiment.full if request.profile == "full" else {}


def as_typed(config: Any) -> str:
    """Write the options that differ from the default as they would be typed."""
    default = type(config)()
    changed = [f for f in dataclasses.fields(config) if getattr(config, f.name) != getattr(default, f.name)]
    return " ".join(_option(field.name, getattr(config, field.name)) for field in changed)


def who_computes(request: Request) -> list[str]:
    """Write the options that say where sweeps run, as they would be typed; no result depends on them."""
    if request.workers:
        return ["--workers", str(request.workers)]
    return ["--executor", request.executor] if request.executor else []


def _option(name: str, value: Any) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    values = value if isinstance(value, tuple | list) else (value,)
    return " ".join([f"--{flag}", *(shlex.quote(str(value)) for value in values)])
