"""Time what most people train, a few seeds or one network, side by side, and give the times as ratios."""

import dataclasses
import functools
import warnings
from collections.abc import Mapping

import jax
import numpy as np
import optax
import xarray as xr

import nnjax
from experiments.benchmark import peers
from experiments.benchmark.machine import clock
from experiments.benchmark.work import Job, Work
from nnjax import native
from nnjax.native import compiling

COUNTS = (1, 10, 100)
"""Numbers of seeds in a small sweep."""
OURS = "nnjax.train"
OURS_IN_C = "nnjax.train, C++"
NAMED = "named"
"""The view that `fastest_view` names, as opposed to the view in C++."""


def sweeps(works: Mapping[str, Work], repeats: int) -> xr.Dataset:
    """Measure the speed of a sweep of a few seeds relative to plain JAX's, (view, network, seeds, repeat)."""
    views = [NAMED, *([native.NAME] if compiling.available() else [])]
    ratios = np.empty((len(views), len(works), len(COUNTS), repeats))
    for row, work in enumerate(works.values()):
        chosen = {NAMED: peers.fastest_view(work)}
        trains = {view: peers.final_loss(chosen.get(view, view), work) for view in views}
        for column, seeds in enumerate(COUNTS):
            few = dataclasses.replace(work, seeds=seeds)
            jobs = {
                view: functools.partial(nnjax.sweep, train, few.seed_range())
                for view, train in trains.items()
            }
            rounds = in_turn({**jobs, "plain": peers.plain_jax(few)}, repeats)
            ratios[:, row, column] = (rounds[:, -1:] / rounds[:, :-1]).T
    return xr.Dataset(
        {"ratio": (("view", "network", "seeds", "repeat"), ratios, {"units": "1"})},
        {"view": views, "network": list(works), "seeds": list(COUNTS)},
    )


def one_network(work: Work, repeats: int) -> xr.Dataset:
    """Measure the seconds that one network's training takes, without compilation, (repeat, peer)."""
    alone = dataclasses.replace(work, seeds=1)
    jobs: dict[str, Job] = {
        OURS: nnjax_train(alone),
        "plain JAX, jit(scan)": peers.plain_jax(alone),
        "Flax NNX + Optax, jit(scan)": peers.flax_nnx(alone),
        "scikit-learn, MLPClassifier": scikit_learn(alone),
    }
    if compiling.available():
        jobs[OURS_IN_C] = nnjax_train(alone, "native")
    if peers.installed("torch"):
        jobs["PyTorch, loop"] = peers.torch_loop(alone)
    return xr.Dataset(
        {"seconds": (("repeat", "peer"), in_turn(jobs, repeats), {"units": "s"})}, {"peer": list(jobs)}
    )


def in_turn(jobs: Mapping[str, Job], repeats: int) -> np.ndarray:
    """Run every job once to compile it, then time all jobs in turn; return the seconds (repeat, job)."""
    for job in jobs.values():
        job()
    return np.array([[clock(job)[0] for job in jobs.values()] for _ in range(repeats)])


def nnjax_train(work: Work, view: str = "matrix") -> Job:
    """Train one network with `nnjax.train` under jit."""
    key = nnjax.key(work.first_seed)
    options = {"optimizer": optax.sgd(work.rate), "epochs": work.epochs, "batch_size": work.batch_size}
    order = work.order_key(key)

    @jax.jit
    def last_loss(params: nnjax.Params) -> jax.Array:
        return nnjax.train(work.network, params, work.xs, work.ys, key=order, view=view, **options)[1].loss

    start = work.init(key)
    return lambda: np.asarray(last_loss(start))


def scikit_learn(work: Work) -> Job:
    """Train scikit-learn's network of the same size on the same rows, in its own row order, with log loss."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    labels = np.argmax(work.ys, axis=1)

    def job() -> np.ndarray:
        network = MLPClassifier(
            hidden_layer_sizes=work.network.sizes[1:-1],
            activation="logistic",
            solver="sgd",
            alpha=0.0,
            momentum=0.0,
            learning_rate_init=work.rate,
            batch_size=work.rows_per_update,  # pyright: ignore[reportArgumentType]  # integers work, too
            max_iter=work.epochs,
            tol=0.0,
            n_iter_no_change=work.epochs,
            random_state=work.first_seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return np.array([network.fit(work.xs, labels).loss_])

    return job
