"""How large may the learning rate be? Five decades of rates, four optimisers, and the edge of stability."""

import dataclasses
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from matplotlib.figure import Figure

import nnjax
from experiments.runner import expectations, statistics
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, Table, at_least, positive
from experiments.runner.findings import Finding, mean
from nnjax import datasets, minima

EXPECTED = expectations.of("learning_rate")

Make = Callable[[Any], optax.GradientTransformation]
OPTIMIZERS: dict[str, Make] = {
    "sgd": lambda rate: optax.sgd(rate),
    "momentum 0.9": lambda rate: optax.sgd(rate, 0.9),
    "rmsprop": lambda rate: optax.rmsprop(rate),
    "adam": lambda rate: optax.adam(rate),
}
AROUND_EDGE = 1 + 0.005 * (np.arange(-15, 15) + 0.5)
"""Rates around the predicted edge, relative to it; none exactly on it."""
SOLVED, ENOUGH = 0.1, 100
"""XOR is learnt below this loss; shares need this many seeds."""


def slug(name: str) -> str:
    """A name as part of a finding's id."""
    return re.sub("[^a-z0-9]+", "-", name.lower().replace("'s ", " ").removeprefix("the "))


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """Which learning rates are tried, by how many networks, and how long.

    Attributes:
        seed: First seed.
        seeds: Networks per rate on XOR, 2 or more.
        digit_seeds: Networks per rate on the digits, 2 or more.
        rates: Learning rates, above 0.
        steps: Full-batch steps on XOR.
        epochs: Epochs on the digits, batches of 10.
    """

    seed: int = 0
    seeds: int = 200
    digit_seeds: int = 4
    rates: tuple[float, ...] = tuple(float(f"{rate:.3g}") for rate in np.logspace(-4, 1, 16))
    steps: int = 2000
    epochs: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, digit_seeds=2, steps=1, epochs=1)
        positive(self, "rates")
        if len(self.rates) < 2:
            raise ValueError(f"rates must be two or more numbers; got {self.rates}")


def xor(make: Make, steps: int) -> Callable[..., jax.Array]:
    """A function of a key and a rate: last loss on XOR, 2-2-1 sigmoid."""
    network = nnjax.mlp((2, 2, 1))

    def last_loss(key: jax.Array, rate: jax.Array) -> jax.Array:
        params, data = nnjax.init(network, key, "normal", "normal"), datasets.xor()
        return nnjax.train(network, params, *data, optimizer=make(rate), epochs=steps, view="nodes")[1].loss

    return last_loss


def digits(make: Make, epochs: int) -> Callable[..., jax.Array]:
    """A function of a key and a rate: test accuracy on the digits, 64-30-10 sigmoid, batches of 10."""
    train, test = datasets.digits()
    network = nnjax.mlp((64, 30, 10))
    xs, labels = jnp.asarray(test.xs, jnp.float32), np.argmax(test.ys, axis=1)

    def accuracy(key: jax.Array, rate: jax.Array) -> jax.Array:
        options = {"optimizer": make(rate), "epochs": epochs, "batch_size": 10}
        params, _ = nnjax.train(network, nnjax.init(network, key), *train, **options, key=nnjax.key(0))
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)
        return jnp.mean(jnp.argmax(y_hats, axis=1) == labels, dtype=jnp.float32)

    return accuracy


class Minimum(NamedTuple):
    """A minimum that is known exactly: where it is, the gradient, and λ_max, the Hessian's largest there."""

    params: Any
    gradient: Callable[[Any], Any]
    steepest: float


def known_minima() -> dict[str, Minimum]:
    """Of a quadratic; of linear regression on the digits; of networks that learn a network's own outputs."""
    linear = nnjax.mlp((64, 10), output="identity", biases=False)
    xs, ys = datasets.digits().train
    regression = nnjax.Layer(jnp.asarray(np.linalg.lstsq(xs, ys, rcond=None)[0]), jnp.zeros(10))
    gradient = functools.partial(nnjax.gradients, linear, xs=xs, ys=ys)
    small = nnjax.mlp((64, 4, 10))
    handout = datasets.teacher(nnjax.mlp((3, 4, 1)), nnjax.key(1), 80, jnp.float64)
    return {
        "quadratic": Minimum(jnp.array([0.0]), lambda p: 3.0 * p, 3.0),
        "digits, linear regression": Minimum((regression,), gradient, 2 * np.linalg.eigvalsh(xs.T @ xs)[-1]),
        "the handout's 3-4-1": at_teacher(nnjax.mlp((3, 4, 1)), handout.params, handout.xs),
        "digits, 64-4-10": at_teacher(small, nnjax.init(small, nnjax.key(1), dtype=jnp.float64), xs[:200]),
    }


def at_teacher(network: nnjax.Network, params: nnjax.Params, xs: Any) -> Minimum:
    """The minimum with SSE 0 of learning the network's own outputs."""
    xs = jnp.asarray(xs)
    ys = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)

    loss = functools.partial(nnjax.total_loss, network, xs=xs, ys=ys)
    gradient = functools.partial(nnjax.gradients, network, xs=xs, ys=ys)
    hessian = jax.jit(lambda p: minima.hessian(loss, p, gradient))(params)
    return Minimum(params, gradient, np.linalg.eigvalsh(hessian)[-1])


def comes_back(minimum: Minimum, steps: int = 1000) -> np.ndarray:
    """Whether gradient descent from a little off a minimum ends nearer, for rates around 2 / λ_max."""

    def distance(params: Any) -> jax.Array:
        return optax.tree.norm(jax.tree.map(jnp.subtract, params, minimum.params))

    def aside(leaf: jax.Array) -> jax.Array:
        return leaf + 1e-6 * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape)

    start = jax.tree.map(aside, minimum.params)

    def last_distance(rate: jax.Array) -> jax.Array:
        def step(_: int, params: Any) -> Any:
            return jax.tree.map(lambda w, g: w - rate * g, params, minimum.gradient(params))

        return distance(jax.lax.fori_loop(0, steps, step, start))

    rates = jnp.asarray(2 * AROUND_EDGE / minimum.steepest)
    return np.array(jax.jit(jax.vmap(last_distance))(rates) < distance(start))


def edges() -> xr.Dataset:
    """Measure at each known minimum which rates around 2 / λ_max come back to it."""
    known = known_minima()
    back = np.array([comes_back(minimum) for minimum in known.values()])
    steepest = [float(minimum.steepest) for minimum in known.values()]
    columns = {"back": (("minimum", "relative_rate"), back), "steepest": ("minimum", steepest)}
    return xr.Dataset(columns, {"minimum": list(known), "relative_rate": AROUND_EDGE})


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "xor" (last loss), "digits" (accuracy) and "edges"."""
    rates = {"rate": np.asarray(config.rates, np.float32)}
    seeds, few = map(config.seeds_from_first, (config.seeds, config.digit_seeds))
    losses, accuracies = [], []
    for name, make in OPTIMIZERS.items():
        context.report(len(losses), len(OPTIMIZERS))
        losses.append(context.sweep(f"XOR, {name}", xor(make, config.steps), seeds, rates))
        accuracies.append(context.sweep(f"digits, {name}", digits(make, config.epochs), few, rates))
    names = {"optimizer": list(OPTIMIZERS), "rate": list(config.rates)}
    dimensions = ("optimizer", "seed", "rate")
    xor_part = xr.Dataset({"loss": (dimensions, np.stack(losses))}, {**names, "seed": seeds})
    digits_part = xr.Dataset({"accuracy": (dimensions, np.stack(accuracies))}, {**names, "seed": few})
    return xr.DataTree.from_dict({"xor": xor_part, "digits": digits_part, "edges": edges()})


def measured_edge(edges: xr.Dataset, name: str) -> tuple[float, float, float]:
    """The edge relative to 2 / λ_max: midway between the last rate that comes back and the next; both."""
    back = edges["back"].sel(minimum=name).values
    first = int(np.argmin(back)) if not back.all() else len(back) - 1
    low, high = AROUND_EDGE[max(first - 1, 0)], AROUND_EDGE[first]
    return float((low + high) / 2), float(low), float(high)


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge too small, good and too large rates; and where descent diverges."""
    edges, xor = (data[name].to_dataset() for name in ("edges", "xor"))
    judged = [edge_finding(edges, str(name)) for name in edges["minimum"].values]
    if xor.sizes["seed"] >= ENOUGH:
        judged += [rate_finding(xor, str(name)) for name in xor["optimizer"].values]
    return judged


def edge_finding(edges: xr.Dataset, name: str) -> Finding:
    """Whether descent comes back to a minimum up to the rate 2 / λ_max."""
    middle, low, high = measured_edge(edges, name)
    steepest = float(edges["steepest"].sel(minimum=name))
    return Finding(
        EXPECTED[f"edge-{slug(name)}"],
        f"{name}: largest rate that comes back to the minimum, relative to 2 / λ_max",
        measured=middle,
        interval=(low, high),
        note=f"λ_max {steepest:.5g}; the interval is between two rates tried",
    )


def rate_finding(xor: xr.Dataset, name: str) -> Finding:
    """How much the best rate solves more of XOR than the smallest and the largest."""
    learnt = xor["loss"].sel(optimizer=name).transpose("seed", "rate").values < SOLVED
    rates, shares = xor["rate"].values, learnt.mean(axis=0)
    at_best, chosen = statistics.at_best(learnt)
    return mean(
        EXPECTED[f"rate-{slug(name)}"],
        f"XOR, {name}: share solved at the best rate minus at the smallest and largest",
        at_best.astype(float) - learnt[:, [0, -1]].mean(axis=1),
        note=f"best rate {statistics.either(rates, chosen)} ({at_best.mean():.0%}); "
        f"{rates[0]:g}: {shares[0]:.0%}, {rates[-1]:g}: {shares[-1]:.0%}",
    )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the best rate of each optimiser, and the range that does nearly as well."""
    xor, digits = (data[name].to_dataset() for name in ("xor", "digits"))
    tasks = {"XOR, share solved": xor["loss"] < SOLVED, "digits, accuracy": digits["accuracy"]}
    rows = []
    for name in xor["optimizer"].values:
        for task, values in tasks.items():
            means, rates = values.sel(optimizer=name).mean("seed").values, values["rate"].values
            good, best = rates[means >= 0.9 * means.max()], rates[np.argmax(means)]
            span = f"{good.min():g} to {good.max():g}"
            rows.append([str(name), task, f"{best:g}", f"{means.max():.1%}", span])
    return {"Learning rates": (("optimiser", "task", "best rate", "there", "within 90 % of it"), rows)}


def figures(data: xr.DataTree) -> Mapping[str, tuple[Figure, str]]:
    """Draw rate against what is learnt; the edge."""
    rates = rate_figure(data["xor"].to_dataset(), data["digits"].to_dataset()["accuracy"])
    return {"rates": (rates, RATES), "edge": (edge_figure(data["edges"].to_dataset()), EDGES)}


def rate_figure(xor: xr.Dataset, accuracy: xr.DataArray) -> Figure:
    """What each optimiser learns at each rate."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for number, name in enumerate(xor["optimizer"].values):
        learnt = xor["loss"].sel(optimizer=name).transpose("rate", "seed").values < SOLVED
        accuracies = accuracy.sel(optimizer=name).transpose("seed", "rate").values
        bounds = np.array([statistics.share(int(seeds.sum()), len(seeds)) for seeds in learnt])
        spans = accuracies.min(axis=0), accuracies.max(axis=0)
        for axis, middle, band in (
            (left, learnt.mean(1), bounds.T),
            (right, np.median(accuracies, 0), spans),
        ):
            axis.semilogx(xor["rate"], middle, color=f"C{number}", label=name)
            axis.fill_between(xor["rate"], *band, color=f"C{number}", alpha=0.2, lw=0)
    left.set(xlabel="learning rate", ylabel="share of the seeds that learn", title="XOR", ylim=(0, 1))
    right.set(xlabel="learning rate", ylabel="test accuracy", title="digits", ylim=(0, 1))
    left.legend()
    return figure


def edge_figure(edges: xr.Dataset) -> Figure:
    """Which rates come back to each minimum."""
    figure, count = Figure(figsize=(7, 2.4), layout="constrained"), edges.sizes["minimum"]
    axis = figure.subplots()
    for y, back in enumerate(edges["back"].transpose("minimum", "relative_rate").values):
        for kind, colour in ((back, "C0"), (~back, "C1")):
            axis.plot(AROUND_EDGE[kind], np.full(kind.sum(), y), "o", color=colour, ms=4)
    axis.axvline(1, color="grey", ls="--", zorder=0)
    axis.set_yticks(range(count), edges["minimum"].values)
    axis.set(xlabel="learning rate, relative to 2 / (largest eigenvalue)", ylim=(-0.5, count - 0.5))
    return figure


RATES = (
    "Too small, good, too large. Left: share of the seeds whose summed loss on XOR is below 0.1, with 99.9 "
    "% intervals. Right: test accuracy on the digits after few epochs; bands span all seeds."
)
EDGES = (
    "Gradient descent started a little off a minimum: blue comes back to it, orange leaves. The dashed line "
    "is the predicted edge, 2 / (largest eigenvalue of the Hessian)."
)
EXPERIMENT = Experiment(
    name="learning_rate",
    title="The learning rate",
    question="How large may the learning rate be, and how much does it matter?",
    method="Networks are trained on XOR and on the digits at rates over five decades by four optimisers. "
    "Near a minimum the rate at which descent diverges is held against the Hessian's largest "
    "eigenvalue.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    smoke={"seeds": 4, "digit_seeds": 2, "rates": (0.01, 1.0), "steps": 20, "epochs": 1},
    full={"seeds": 2000, "digit_seeds": 20, "steps": 20_000, "epochs": 10},
    remember="Each optimiser has a band of rates that work, less than two decades wide here; above "
    "2 / λ_max plain gradient descent cannot stay at a minimum.",
    minutes=(0.4, 2.0),
)
