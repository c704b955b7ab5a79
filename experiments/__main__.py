"""The command: python -m experiments [NAME ...] [options]."""

import argparse
import contextlib
import dataclasses
import difflib
import pathlib
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import matplotlib as mpl
import tyro
from rich.console import Console
from rich.table import Table

import nnjax
from experiments.runner import checkpoints as unfinished
from experiments.runner import progress, report, store, timing
from experiments.runner.experiment import Experiment, Finding, discover

MARKS = {
    "agrees": "[green]✓ agrees[/]",
    "differs": "[red]✗ differs[/]",
    "undecided": "[yellow]? undecided[/]",
}


def main(arguments: Sequence[str]) -> int:
    """Run the experiments that `arguments` name, all without a name; returns the exit status."""
    known = discover()
    names, rest = _split(arguments)
    console = Console(width=None if sys.stdout.isatty() else 120)
    unknown = [name for name in names if name not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        print(f"unknown experiment {unknown[0]!r}.{hint} Known: {', '.join(known)}", file=sys.stderr)
        return 2
    options, rest = _parser(known, names).parse_known_args(rest)
    chosen = [known[name] for name in names or known]
    if rest and len(chosen) != 1:
        print(f"options {' '.join(rest)} belong to one experiment: name it before them", file=sys.stderr)
        return 2
    configs = [_config(each, options, rest) for each in chosen]
    _say_how_long(console, chosen, options)
    failed = [
        each.name
        for each, config in zip(chosen, configs, strict=True)
        if not _attempt(each, config, options, console)
    ]
    return _close(console, options.out, list(known), failed)


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names come first, options after them."""
    first = next((i for i, word in enumerate(arguments) if word.startswith("-")), len(arguments))
    return list(arguments[:first]), list(arguments[first:])


def _parser(known: dict[str, Experiment], names: list[str]) -> argparse.ArgumentParser:
    listing = "\n".join(f"  {each.name:22}{each.question}" for each in known.values())
    parser = argparse.ArgumentParser(
        prog="python -m experiments",
        usage="python -m experiments [NAME ...] [--smoke] [--seed N] [--profile P] [--out DIR] [options]",
        description="Runs the experiments, all without a NAME. `NAME --help` shows one's own options.",
        epilog=f"experiments:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=len(names) != 1,  # one experiment's help is made from its Config
    )
    parser.add_argument("--smoke", action="store_true", help="finish in seconds, on the same code path")
    parser.add_argument(
        "--seed", type=int, help="first seed of the random numbers (default: the experiment's)"
    )
    parser.add_argument("--profile", choices=("default", "full"), default="default", help="size of the runs")
    parser.add_argument(
        "--out", type=_folder, default=pathlib.Path("results"), help="where results go (results)"
    )
    return parser


def _folder(name: str) -> pathlib.Path:
    if not name:
        raise argparse.ArgumentTypeError("must name a folder")
    return pathlib.Path(name)


def _config(experiment: Experiment, options: argparse.Namespace, rest: list[str]) -> Any:
    """The experiment's Config: defaults, then the size asked for, then what the user says."""
    size = experiment.smoke if options.smoke else experiment.full if options.profile == "full" else {}
    seed = {} if options.seed is None else {"seed": options.seed}
    default = dataclasses.replace(experiment.config(), **{**size, **seed})
    description = f"{experiment.question} Also: --smoke, --profile default|full, --out FOLDER."
    prog = f"python -m experiments {experiment.name}"
    return tyro.cli(experiment.config, default=default, args=rest, prog=prog, description=description)


def _say_how_long(console: Console, chosen: Sequence[Experiment], options: argparse.Namespace) -> None:
    """Beforehand, and for two cores: other machines take longer or shorter."""
    if options.smoke:
        return
    minutes = sum(each.minutes[options.profile == "full"] for each in chosen)
    about = f"{minutes / 60:.1f} hours" if minutes > 90 else _counted(max(1, round(minutes)), "minute")
    console.print(f"{_counted(len(chosen), 'experiment')}, about {about} on two cores", highlight=False)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _attempt(experiment: Experiment, config: Any, options: argparse.Namespace, console: Console) -> bool:
    """Run one and store it; what fails is reported and does not stop the others."""
    console.rule(f"[bold]{experiment.name}[/]")
    console.print(experiment.question)
    out, long = options.out, options.profile == "full" and not options.smoke
    command = f"python -m experiments {experiment.name} {_as_options(config)}".strip()
    try:
        kept = unfinished.kept(out, experiment.name, config) if long else contextlib.nullcontext()
        with kept, _stoppable(experiment, console), _device(experiment, console):
            with progress.shown(console, experiment.name):
                data, took = timing.timed(lambda: experiment.run(config))
            store.save(experiment, config, data, out=out, took=took, command=command)
        for title, (header, rows) in experiment.tables(data).items():
            console.print(_table(title, header, rows))
        console.print(_findings(experiment.findings(data)))
    except Exception:
        console.print(traceback.format_exc(), markup=False, highlight=False, style="red")
        return False
    console.print(
        f"{experiment.name}: {took.wall_time:.1f} s, longest compilation {took.longest_compilation:.1f} s, "
        f"results in {out / experiment.name}",
        highlight=False,
    )
    return True


@contextlib.contextmanager
def _stoppable(experiment: Experiment, console: Console) -> Iterator[None]:
    """Ctrl-C says what is kept."""
    try:
        yield
    except KeyboardInterrupt:
        again = "goes on from here" if unfinished.begun() else "begins it anew"
        console.print(f"{experiment.name} stopped; the same command {again}")
        raise


@contextlib.contextmanager
def _device(experiment: Experiment, console: Console) -> Iterator[None]:
    """The CPU where float64 is needed and the default device is a TPU; else nothing is changed."""
    if not experiment.float64 or jax.default_backend() != "tpu":
        yield
        return
    console.print("this needs float64, which a TPU cannot do: it runs on the CPU", style="yellow")
    # Not jax.default_device, which an experiment's threads would not see.
    before = getattr(jax.config, "jax_default_device", None)
    jax.config.update("jax_default_device", jax.local_devices(backend="cpu")[0])
    try:
        yield
    finally:
        jax.config.update("jax_default_device", before)


def _as_options(config: Any) -> str:
    """The options that differ from the default, as they are typed."""
    default = type(config)()
    changed = [f for f in dataclasses.fields(config) if getattr(config, f.name) != getattr(default, f.name)]
    return " ".join(_option(field.name, getattr(config, field.name)) for field in changed)


def _option(name: str, value: Any) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    values = value if isinstance(value, tuple | list) else (value,)
    return " ".join([f"--{flag}", *map(str, values)])


def _table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(*header, title=title, title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*map(report.typeset, row))
    return table


def _findings(findings: Sequence[Finding]) -> Table:
    rows = [
        (
            each.claim,
            report.interval(each.expected),
            report.measured(each.measured, each.interval),
            MARKS[each.verdict],
        )
        for each in findings
    ]
    return _table("Findings", ("claim", "expected", "measured", "verdict"), rows)


def _close(console: Console, out: pathlib.Path, names: list[str], failed: list[str]) -> int:
    console.rule()
    if failed:
        console.print(f"[red]failed: {', '.join(failed)}[/]")
    try:
        results, damaged = store.stored(out, names)
        page = report.write(out, results)
    except OSError as error:
        console.print(f"[red]no report: {error}[/]")
        return 1
    for message in damaged:
        console.print(f"[red]not in the report: {message}[/]")
    console.print(f"Results are in {out}/, the report is {page}", highlight=False)
    return 1 if failed or damaged else 0


def _set_up() -> None:
    """Float64 and all cores, once, before JAX computes anything."""
    mpl.use("Agg")
    jax.config.update("jax_enable_x64", True)
    nnjax.use_all_cores()


if __name__ == "__main__":
    _set_up()
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("finished experiments are kept", file=sys.stderr)
        sys.exit(130)
