"""Timing the training: against peers, for one network alone, and by number of seeds, width and depth."""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.benchmark import floor, machine, peers
from experiments.benchmark.machine import clock
from experiments.benchmark.peers import FLOOR, PEERS
from experiments.benchmark.work import Job, Work, xor
from experiments.runner.context import Context

METHODS = (*PEERS, FLOOR)
SEED_STEPS = {"units": "seed-steps/s"}


def speeds(works: Mapping[str, Work], repeats: int, context: Context, parts: int) -> xr.Dataset:
    """Measure every method on every network."""
    columns: dict[str, list] = {"rate": [], "first": [], "loss_difference": []}
    for done, work in enumerate(works.values()):
        context.report(done, parts)
        rates, first = side_by_side(work, repeats)
        columns["rate"].append(rates)
        columns["first"].append(first)
        columns["loss_difference"].append(differences(work))
    columns["seed_steps"] = [[seed_steps(work, method) for method in METHODS] for work in works.values()]
    shapes, about = ("network", "peer"), {"units": "s", "long_name": "first call, compilation included"}
    return xr.Dataset(
        {
            "rate": ((*shapes, "repeat"), np.array(columns["rate"]), SEED_STEPS),
            "first": (shapes, np.array(columns["first"]), about),
            "loss_difference": (
                shapes,
                np.array(columns["loss_difference"]),
                {"units": "1", "long_name": "largest relative difference"},
            ),
            "seed_steps": (shapes, np.array(columns["seed_steps"]), {"long_name": "seed-steps of one run"}),
            "flops": ("network", [work.flops for work in works.values()], {"units": "FLOP per seed-step"}),
            "named": ("network", [peers.named(work) for work in works.values()]),
        },
        {"network": list(works), "peer": list(METHODS)},
    )


def seed_steps(work: Work, method: str) -> int:
    """Count the updates that one run of a method makes, over all seeds together."""
    return (PEERS[method].limited(work) if method in PEERS else work).seed_steps


def side_by_side(work: Work, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Run each method once to compile it, then time all in turn, so that a busy moment slows all equally.

    Returns:
        Seed-steps per second (peer, repeat), and the duration of the first run in seconds (peer,).
    """
    rates, first = np.full((len(METHODS), repeats), np.nan), np.full(len(METHODS), np.nan)
    jobs: dict[str, Job] = {}
    for name, peer in PEERS.items():
        if peer.runs(work):
            jobs[name] = peer.make(peer.limited(work))
            first[METHODS.index(name)], _ = clock(jobs[name])
    for repeat in range(repeats):
        for name, job in jobs.items():
            rates[METHODS.index(name), repeat] = seed_steps(work, name) / clock(job)[0]
        rates[METHODS.index(FLOOR), repeat] = floor.speed(work)
    return rates, first


def differences(work: Work) -> np.ndarray:
    """Measure the largest relative difference between each method's final losses and nnjax's, for 4 seeds."""
    largest = np.full(len(METHODS), np.nan)
    if not work.checked:
        return largest
    few = dataclasses.replace(work, seeds=4, steps=len(work.xs) // 10 if work.batch_size else 20)
    expected = peers.nnjax_sweep("matrix", few)()
    for name, peer in PEERS.items():
        if peer.runs(work):
            difference = float(np.max(np.abs(peer.make(few)() / expected - 1)))
            largest[METHODS.index(name)] = difference if np.isfinite(difference) else np.inf
    return largest


def trained(work: Work, view: str) -> Callable[[nnjax.Params], jax.Array]:
    """Compile a function that maps one network's initial parameters to its final loss."""

    @jax.jit
    def last_loss(params: nnjax.Params) -> jax.Array:
        options = {"optimizer": optax.sgd(work.rate), "epochs": work.steps, "view": view}
        return nnjax.train(work.network, params, work.xs, work.ys, **options)[1].loss

    return last_loss


def alone(steps: int, repeats: int) -> xr.Dataset:
    """Measure one network that learns XOR: in the matrix view, in the node view, and with PyTorch's loop."""
    one = xor((2, 2, 1), steps, seeds=1)
    params = one.init(nnjax.key(0))
    jobs: dict[str, tuple[Job, int]] = {}
    for name, view in (("nnjax.train, matrix", "matrix"), ("nnjax.train, node by node", "nodes")):
        program = trained(one, view)
        jobs[name] = (lambda program=program: np.asarray(program(params))), steps
    if peers.installed("torch"):
        few = dataclasses.replace(one, steps=min(steps, 300))
        jobs["PyTorch, loop"] = peers.torch_loop(few), few.steps
    for job, _ in jobs.values():
        job()
    rates = np.array([[count / clock(job)[0] for job, count in jobs.values()] for _ in range(repeats)])
    data = xr.Dataset({"rate": (("repeat", "peer"), rates, {"units": "steps/s"})}, {"peer": list(jobs)})
    return data.reindex(peer=["nnjax.train, matrix", "nnjax.train, node by node", "PyTorch, loop"])


def scaling(most: int, steps: int, repeats: int) -> xr.Dataset:
    """Measure the seconds that a sweep of 2-2-1 networks takes, by number of seeds, without compilation."""
    counts = [2**n for n in range(min(8, most), most + 1, 2)]
    final_loss = peers.final_loss("nodes", xor((2, 2, 1), steps, seeds=1))
    nnjax.sweep(final_loss, [0])

    def seconds(count: int) -> float:
        return clock(lambda: nnjax.sweep(final_loss, np.arange(count)))[0]

    medians = [float(np.median([seconds(count) for _ in range(repeats)])) for count in counts]
    return xr.Dataset({"seconds": ("seeds", medians, {"units": "s"})}, {"seeds": counts})


def growth(most: int, seeds: int, steps: int, repeats: int) -> xr.Dataset:
    """Measure how speed and memory depend on width (2-4k-1), depth (k layers of 4) and rows (4k, 2-4-1)."""
    factors = range(1, most + 1)
    works = {
        "width": [xor((2, 4 * k, 1), steps, seeds) for k in factors],
        "depth": [xor((2, *(4,) * k, 1), steps, seeds) for k in factors],
        "rows": [repeated(xor((2, 4, 1), steps, seeds), k) for k in factors],
    }
    rates = [[speed(work, repeats) for work in row] for row in works.values()]
    sizes = [[memory(work) for work in row] for row in works.values()]
    return xr.Dataset(
        {
            "rate": (("direction", "size"), np.array(rates), SEED_STEPS),
            "memory": (("direction", "size"), np.array(sizes), {"units": "bytes per seed"}),
        },
        {"direction": list(works), "size": list(factors)},
    )


def repeated(work: Work, times: int) -> Work:
    """Return the same work on several copies of its rows."""
    return dataclasses.replace(work, xs=np.tile(work.xs, (times, 1)), ys=np.tile(work.ys, (times, 1)))


def memory(work: Work, seeds: int = 128) -> float:
    """Return the bytes per seed that the training program of a lane of seeds needs, according to XLA."""
    train = peers.final_loss(peers.fastest_view(work), work)
    program = jax.jit(jax.vmap(lambda seed: train(jax.random.key(seed, impl="threefry2x32"))))
    needed = program.lower(jax.ShapeDtypeStruct((seeds,), np.uint32)).compile().memory_analysis()
    if needed is None:
        return np.nan
    return (needed.temp_size_in_bytes + needed.output_size_in_bytes) / seeds


def speed(work: Work, repeats: int) -> float:
    """Measure the seed-steps per second in the view that nnjax picks."""
    job = peers.nnjax_sweep(peers.fastest_view(work), work)
    job()
    return float(work.seed_steps / np.median([clock(job)[0] for _ in range(repeats)]))


def million(context: Context, seeds: int = 1_000_000) -> xr.Dataset:
    """Train a million networks; measure the time with compilation, the peak memory and the bytes per seed."""
    work = xor((2, 2, 1), 5000, seeds)

    def train(key: jax.Array) -> tuple[nnjax.Params, jax.Array]:
        options = {"optimizer": optax.sgd(work.rate), "epochs": work.steps, "view": "nodes"}
        params, history = nnjax.train(work.network, work.init(key), work.xs, work.ys, **options)
        return params, history.loss

    # The benchmark does not save its sweeps, since writing the segments would add to the measured time.
    with context.progress.sweep("a million networks") as on_segment:
        seconds, results = clock(lambda: nnjax.sweep(train, np.arange(work.seeds), on_segment=on_segment))
    size = sum(leaf.nbytes for leaf in jax.tree.leaves(results))
    return xr.Dataset(
        {
            "seconds": ((), seconds, {"units": "s"}),
            "peak_memory": ((), machine.peak_memory(), {"units": "bytes"}),
            "result": ((), size / work.seeds, {"units": "bytes per seed"}),
        }
    )
