"""The run of the requested experiments, one after another, with a new report after each of them."""

import concurrent.futures
import contextlib
import dataclasses
import pathlib
import traceback
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, cast

import jax
import xarray as xr
from rich.console import Console

import experiments
import nnjax
from experiments.explorer import page, receipt
from experiments.runner import (
    arguments,
    catalogue,
    checkpoints,
    engines,
    labels,
    progress,
    report,
    store,
    terminal,
    timing,
)
from experiments.runner.arguments import Request
from experiments.runner.checkpoints import Checkpoints
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment
from experiments.runner.manifest import manifest

Crew = nnjax.Workers | None
"""The workers that compute the sweeps; None means that this process computes them."""


def run(request: Request) -> int:
    """Carry out the request, and return the exit status."""
    console = terminal.console()
    if request.check:
        return _check_receipt(request.check, console)
    try:
        store.check_writable(request.out)
    except OSError as error:
        terminal.say(console, str(error), "red")
        return 2
    if request.redraw:
        return _redraw(request, console)
    chosen, passed_over = _with_sizes([catalogue.load(name) for name in request.names], request)
    for name in passed_over:
        terminal.say(console, f"{name} has no smoke size, so it does not run with --smoke")
    if passed_over and request.by_name:
        return 2
    configs = [arguments.config_of(each, request) for each in chosen]
    if not _has_shares(chosen, configs, request, console) or not _previewed(chosen, configs, console):
        return 2
    if not request.smoke:
        terminal.print_estimate(console, chosen, request.profile == "full", request.lists)
    with contextlib.ExitStack() as stack:
        try:
            workers = stack.enter_context(engines.opened(request))
        except (ImportError, OSError) as error:
            terminal.say(console, str(error), "red")
            return 2
        return _run_all(chosen, configs, request, console, workers)


def _run_all(
    chosen: Sequence[Experiment], configs: Sequence[Any], request: Request, console: Console, workers: Crew
) -> int:
    pairs = list(zip(chosen, configs, strict=True))
    if request.share:
        shares = {each.name: _run_share(each, config, request, console, workers) for each, config in pairs}
        return _close_share(console, [name for name, done in shares.items() if not done])
    # Findings and figures need one core, so they are made while the next experiment is measured.
    with ThreadPoolExecutor(1) as pool:
        results: dict[str, Future[bool]] = {}
        for experiment, config in pairs:
            if experiment.name in experiments.ONLY_BY_NAME:
                concurrent.futures.wait(results.values())  # the benchmark needs an idle machine
            measured = _run_one(experiment, config, request, console, workers)
            results[experiment.name] = pool.submit(_finish, experiment, measured, request, console)
        failed = [name for name, done in results.items() if not done.result()]
    return _close(console, request, failed)


def _has_shares(
    chosen: Sequence[Experiment], configs: Sequence[Any], request: Request, console: Console
) -> bool:
    """Return False if gathering was asked for and an experiment has nothing to gather."""
    if not request.gather:
        return True
    kept = [
        checkpoints.of_run(request.out, each.name, config).exist()
        for each, config in zip(chosen, configs, strict=True)
    ]
    for each, there in zip(chosen, kept, strict=True):
        if not there:
            said = f"no share of {each.name} with these options; {each.name} --seeds a:b makes one"
            terminal.say(console, f"{request.out} holds {said}", "red")
    return all(kept)


def _previewed(chosen: Sequence[Experiment], configs: Sequence[Any], console: Console) -> bool:
    """Print each experiment's preview before anything runs; return False if a preview fails."""
    for experiment, config in zip(chosen, configs, strict=True):
        try:
            said = experiment.preview(config)
        except (ValueError, OSError, ImportError, MemoryError) as error:
            reason = getattr(error, "strerror", None)
            why = f"{error.filename}: {reason}" if isinstance(error, OSError) and reason else error
            terminal.say(console, f"{experiment.name}: {why}", "red")
            return False
        if said:
            terminal.say(console, said)
    return True


def _check_receipt(path: pathlib.Path, console: Console) -> int:
    """Confirm or refute each of a receipt's claims; return 0 if all are confirmed."""
    try:
        claims = receipt.read(path)
    except (OSError, ValueError) as error:
        terminal.say(console, str(error), "red")
        return 2
    for claim in claims:
        terminal.say(console, str(claim), None if claim.holds else "red")
    return 0 if all(claim.holds for claim in claims) else 1


def _with_sizes(found: Sequence[Experiment], request: Request) -> tuple[list[Experiment], list[str]]:
    """Return the experiments to run, and the names of those that lack the requested smoke size."""
    left_out = [each.name for each in found if request.smoke and each.smoke is None]
    return [each for each in found if each.name not in left_out], left_out


def _redraw(request: Request, console: Console) -> int:
    """Make findings, tables, figures and the report again from the data on disk."""
    names, failed = store.with_data(request.out, request.names), []
    for name in names:
        try:
            store.save_result(catalogue.load(name), request.out / name)
        except Exception:
            terminal.say(console, traceback.format_exc(), "red")
            failed.append(name)
    missing = sorted(set(request.names) - set(names)) if request.by_name else []
    if missing or not names:
        whose = ", ".join(missing) or "any experiment"
        terminal.say(console, f"no data of {whose} in {request.out}")
        return 2
    return _close(console, request, failed)


class Measured(NamedTuple):
    """An experiment whose data is stored: the folder, and how long the measurement took; or why it failed."""

    folder: pathlib.Path | None = None
    took: timing.Timing | None = None
    error: str = ""


def _run_one(
    experiment: Experiment, config: Any, request: Request, console: Console, workers: Crew
) -> Measured:
    """Run one experiment and store its data."""
    typed = " ".join([experiment.name, arguments.as_typed(config), *arguments.who_computes(request)])
    command = f"python -m experiments {' '.join(typed.split())}"
    try:
        with _checkpoints(experiment, config, request) as kept, _device(experiment, console):
            context = Context(checkpoints=kept, workers=workers)
            data, took = _measure(experiment, config, context, console)
            about = manifest(experiment, config, took, command, request.smoke)
            folder = store.save_data(request.out, labels.labelled(data, about), about)
            if request.lists == 2 and experiment.second_list:
                _add_second_list(experiment, config, context, folder, console)
    except Exception:
        return Measured(error=traceback.format_exc())
    return Measured(folder, took)


def _finish(experiment: Experiment, measured: Measured, request: Request, console: Console) -> bool:
    """Make and print an experiment's result, and write the report; if anything failed, return False."""
    console.rule(f"[bold]{experiment.name}[/]")
    console.print(experiment.question)
    error, took = measured.error, measured.took
    if measured.folder and took:
        try:
            result = store.save_result(experiment, measured.folder)
            terminal.print_result(console, result, request.smoke, request.tables)
            compiling = f"longest compilation {took.longest_compilation:.1f} s"
            said = f"{experiment.name}: {took.wall_time:.1f} s, {compiling}, results in {measured.folder}"
            terminal.say(console, said)
        except Exception:
            error = traceback.format_exc()
    if error:
        terminal.say(console, error, "red")
        if (request.out / experiment.name / store.DATA).exists():
            terminal.say(console, f"the earlier result in {request.out / experiment.name} stays")
    _write_report(request)
    return not error


def _add_second_list(
    experiment: Experiment, config: Any, context: Context, folder: pathlib.Path, console: Console
) -> None:
    """Run the measurement again with other seeds, and store its data beside those of the first run."""
    other = config.other_list()
    terminal.say(console, f"again from seed {other.seed}, to see which verdicts depend on the seeds")
    data, took = _measure(experiment, other, _second(context), console)
    about = {"second_list": {"seed": other.seed, "wall_time_seconds": round(took.wall_time, 3)}}
    source = store.read_manifest(folder) | {"config": dataclasses.asdict(other)}
    store.add_second(folder, labels.labelled(data, source), about)


def _second(context: Context) -> Context:
    """Return the context for the second list of seeds, which has its own checkpoints."""
    return Context(checkpoints=context.checkpoints.of_another("second list"), workers=context.workers)


def _run_share(
    experiment: Experiment, config: Any, request: Request, console: Console, workers: Crew
) -> bool:
    """Run one experiment for a share of its seeds, and keep its sweeps to be gathered later."""
    first, end = request.share or (0, 0)
    context = Context(checkpoints=checkpoints.of_run(request.out, experiment.name, config), workers=workers)
    part = config.share(first, end)
    try:
        with _device(experiment, console):
            _measure(experiment, part, context, console)
            if request.lists == 2 and experiment.second_list:
                other = config.other_list()
                away = other.seed - config.seed
                _measure(experiment, other.share(first + away, end + away), _second(context), console)
    except Exception:
        terminal.say(console, traceback.format_exc(), "red")
        return False
    if not part.holds_seeds():
        terminal.say(console, f"{experiment.name} has no run with a seed from {first} to {end - 1}", "red")
        return False
    terminal.say(
        console,
        f"{experiment.name}: the runs of seeds {first} to {end - 1} are kept in {request.out}; once all "
        f"seeds are done, python -m experiments gather {experiment.name}, with the same options, makes the "
        "result",
    )
    return True


def _close_share(console: Console, failed: Sequence[str]) -> int:
    if failed:
        terminal.say(console, f"failed: {', '.join(failed)}; the finished sweeps are kept", "red")
    return 1 if failed else 0


def _measure(
    experiment: Experiment, config: Any, context: Context, console: Console
) -> tuple[Any, timing.Timing]:
    """Run the measurement with progress bars; on Ctrl-C, say whether it can be resumed."""
    try:
        with progress.shown(console, experiment.name) as context.progress:
            return timing.timed(lambda: experiment.run(config, context))
    except KeyboardInterrupt:
        again = "resumes from here" if context.checkpoints.exist() else "starts over"
        terminal.say(console, f"{experiment.name} stopped; the same command {again}")
        raise


def _checkpoints(
    experiment: Experiment, config: Any, request: Request
) -> contextlib.AbstractContextManager[Checkpoints]:
    """Keep the sweeps of long runs until their data is stored."""
    if request.gather or (request.profile == "full" and not request.smoke):
        return checkpoints.keeping(request.out, experiment.name, config)
    return contextlib.nullcontext(Checkpoints())


@contextlib.contextmanager
def _device(experiment: Experiment, console: Console) -> Iterator[None]:
    """Use the CPU if float64 is needed and the default device is a TPU; otherwise change nothing."""
    if not experiment.float64 or jax.default_backend() != "tpu":
        yield
        return
    terminal.say(console, "this experiment needs float64, which TPUs lack, so it runs on the CPU", "yellow")
    # jax.default_device would affect only this thread, and not those of the experiment.
    before = getattr(jax.config, "jax_default_device", None)
    jax.config.update("jax_default_device", jax.local_devices(backend="cpu")[0])
    try:
        yield
    finally:
        jax.config.update("jax_default_device", before)


def _write_report(request: Request) -> list[str]:
    """Write the report on all stored results, and the explorer; return what is missing, and why."""
    try:
        results, damaged = store.stored(request.out, catalogue.names())
        troubles = [f"not in the report: {message}" for message in damaged]
        for result in results:
            if result["manifest"]["name"] == "walkthrough":
                troubles += _write_explorer(request.out, result)
        report.write(request.out, results)
    except OSError as error:
        return [f"no report: {error}"]
    return troubles


def _write_explorer(out: pathlib.Path, walkthrough: Mapping[str, Any]) -> list[str]:
    """Write the explorer with the walkthrough's numbers, which an older result may lack."""
    try:
        data = cast(xr.DataTree, store.load_data(walkthrough["folder"]))
        page.write(out, data, walkthrough["tables"])
    except KeyError:
        return ["no explorer: the walkthrough's result lacks numbers for it; run the walkthrough again"]
    return []


def _close(console: Console, request: Request, failed: Sequence[str]) -> int:
    """Print what failed, or where the results are if nothing failed."""
    console.rule()
    troubles = _write_report(request)
    for message in ([f"failed: {', '.join(failed)}"] if failed else []) + troubles:
        terminal.say(console, message, "red")
    if failed or troubles:
        return 1
    explorer = request.out / report.EXPLORER
    terminal.say(console, f"Results are in {request.out}/, the report is {request.out / 'report.html'}")
    if explorer.exists():
        terminal.say(console, f"the explorer is {explorer}")
    return 0
