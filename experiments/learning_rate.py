"""How large may the learning rate be? Five decades of rates, four optimisers, and the edge of stability."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from matplotlib.figure import Figure

import nnjax
from experiments.runner import findings as claims
from experiments.runner import progress, statistics, style, sweeps
from experiments.runner.experiment import Experiment, Finding, Table, at_least, positive
from nnjax import datasets, minima

OPTIMIZERS: dict[str, Callable[[Any], optax.GradientTransformation]] = {
    "sgd": lambda rate: optax.sgd(rate),
    "momentum 0.9": lambda rate: optax.sgd(rate, 0.9),
    "rmsprop": lambda rate: optax.rmsprop(rate),
    "adam": lambda rate: optax.adam(rate),
}
EDGE = 1 + 0.005 * (np.arange(-15, 15) + 0.5)
"""Rates around the predicted edge, relative to it; none exactly on it."""
DEAL = "handout: “Learning rates are a pretty big deal”"


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

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
        at_least(self, seeds=2, digit_seeds=2, steps=1, epochs=1)
        positive(self, "rates")
        if len(self.rates) < 2:
            raise ValueError(f"rates must be two or more numbers; got {self.rates}")


def xor(make: Callable, steps: int) -> Callable[..., jax.Array]:
    """A function of a key and a rate: last loss on XOR, 2-2-1 sigmoid."""
    network = nnjax.mlp((2, 2, 1))

    def end(key: jax.Array, rate: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "normal", "normal")
        made = make(rate)
        return nnjax.train(network, params, *datasets.xor(), optimizer=made, epochs=steps, view="nodes")[
            1
        ].loss

    return end


def digits(make: Callable, epochs: int) -> Callable[..., jax.Array]:
    """A function of a key and a rate: test accuracy on the digits, 64-30-10 sigmoid, batches of 10."""
    train, test = datasets.digits()
    network = nnjax.mlp((64, 30, 10))
    xs, labels = jnp.asarray(test.xs, jnp.float32), np.argmax(test.ys, axis=1)

    def end(key: jax.Array, rate: jax.Array) -> jax.Array:
        params = nnjax.init(network, key)
        params, _ = nnjax.train(
            network, params, *train, optimizer=make(rate), epochs=epochs, batch_size=10, key=nnjax.key(0)
        )
        y_hats = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)
        return jnp.mean(jnp.argmax(y_hats, axis=1) == labels, dtype=jnp.float32)

    return end


def edges(steps: int = 1000) -> xr.Dataset:
    """Whether gradient descent, started a little off a minimum, comes back, for rates around 2 / λ_max.

    Minima that are known exactly: of a quadratic; of linear regression on the digits, a quadratic too; and of
    sigmoid networks that learn a network's own outputs: the handout's, and one on the digits.
    """
    linear = nnjax.mlp((64, 10), output="identity", biases=False)
    xs, ys = datasets.digits().train
    best = jnp.asarray(np.linalg.lstsq(xs, ys, rcond=None)[0])
    handout = datasets.teacher(nnjax.mlp((3, 4, 1)), nnjax.key(1), 80, jnp.float64)
    small = nnjax.mlp((64, 4, 10))
    cases: dict[str, tuple[tuple[Any, Callable], float]] = {
        "quadratic": ((jnp.array([0.0]), lambda p: 3.0 * p), 3.0),
        "digits, linear regression": (
            ((nnjax.Layer(best, jnp.zeros(10)),), lambda p: nnjax.gradients(linear, p, xs, ys)),
            2 * np.linalg.eigvalsh(xs.T @ xs)[-1],
        ),
        "the handout's 3-4-1": _at_teacher(nnjax.mlp((3, 4, 1)), handout.params, handout.xs),
        "digits, 64-4-10": _at_teacher(small, nnjax.init(small, nnjax.key(1), dtype=jnp.float64), xs[:200]),
    }
    back = [_comes_back(*case, 2 * EDGE / steepest, steps) for case, steepest in cases.values()]
    columns = {
        "edge_back": (("edge", "relative_rate"), np.array(back)),
        "edge_steepest": ("edge", [float(steepest) for _, steepest in cases.values()]),
    }
    return xr.Dataset(columns, {"edge": list(cases), "relative_rate": EDGE})


def _at_teacher(network: nnjax.Network, params: nnjax.Params, xs: Any) -> tuple[tuple[Any, Callable], float]:
    """A minimum with SSE 0, its gradient function, and the Hessian's largest eigenvalue there."""
    xs = jnp.asarray(xs)
    ys = jax.vmap(lambda x: nnjax.predict(network, params, x))(xs)

    def gradient(p: nnjax.Params) -> nnjax.Params:
        return nnjax.gradients(network, p, xs, ys)

    def curvature(p: nnjax.Params) -> jax.Array:
        return minima.hessian(lambda q: nnjax.total_loss(network, q, xs, ys), p, gradient)

    return (params, gradient), np.linalg.eigvalsh(jax.jit(curvature)(params))[-1]


def _comes_back(minimum: Any, gradient: Callable, rates: np.ndarray, steps: int) -> np.ndarray:
    def distance(params: Any) -> jax.Array:
        return optax.tree.norm(jax.tree.map(jnp.subtract, params, minimum))

    def aside(leaf: jax.Array) -> jax.Array:
        return leaf + 1e-6 * jnp.cos(jnp.arange(leaf.size, dtype=leaf.dtype)).reshape(leaf.shape)

    start = jax.tree.map(aside, minimum)

    def end(rate: jax.Array) -> jax.Array:
        def step(_: int, params: Any) -> Any:
            return jax.tree.map(lambda w, g: w - rate * g, params, gradient(params))

        return distance(jax.lax.fori_loop(0, steps, step, start))

    return np.array(jax.jit(jax.vmap(end))(jnp.asarray(rates)) < distance(start))


def run(config: Config) -> xr.Dataset:
    """Last loss on XOR and accuracy on the digits by optimiser and rate; the edges."""
    rates = {"rate": np.asarray(config.rates, np.float32)}
    seeds, few = (config.seed + np.arange(count) for count in (config.seeds, config.digit_seeds))
    losses, accuracies = [], []
    for name, make in OPTIMIZERS.items():
        progress.report(len(losses), len(OPTIMIZERS))
        losses.append(sweeps.sweep(f"XOR, {name}", xor(make, config.steps), seeds, rates))
        accuracies.append(sweeps.sweep(f"digits, {name}", digits(make, config.epochs), few, rates))
    columns = {
        "loss": (("optimizer", "seed", "rate"), np.stack(losses)),
        "accuracy": (("optimizer", "digit_seed", "rate"), np.stack(accuracies)),
    }
    coordinates = {
        "optimizer": list(OPTIMIZERS),
        "seed": seeds,
        "digit_seed": few,
        "rate": list(config.rates),
    }
    return xr.merge([xr.Dataset(columns, coordinates), edges()])


def measured_edge(data: xr.Dataset, name: str) -> tuple[float, float, float]:
    """The edge relative to 2 / λ_max: midway between the last rate that comes back and the next; both."""
    back = data["edge_back"].sel(edge=name).values
    first = int(np.argmin(back)) if not back.all() else len(back) - 1
    low, high = EDGE[max(first - 1, 0)], EDGE[first]
    return float((low + high) / 2), float(low), float(high)


def findings(data: xr.Dataset) -> list[Finding]:
    """Too small, good, too large; and where descent diverges."""
    found = []
    for name in data["edge"].values:
        middle, low, high = measured_edge(data, name)
        claim = f"{name}: largest rate that comes back to the minimum, relative to 2 / λ_max"
        note = (
            f"λ_max {float(data['edge_steepest'].sel(edge=name)):.5g}; the interval is between two rates "
            "tried"
        )
        source = "exact for a quadratic: 2 / (largest Hessian eigenvalue)"
        found.append(Finding(claim, source, (0.98, 1.02), middle, (low, high), note=note))
    if data.sizes["seed"] >= 100:
        share = (data["loss"] < 0.1).mean("seed")
        for name in data["optimizer"].values:
            own = share.sel(optimizer=name).values
            solved = data["loss"].sel(optimizer=name).transpose("seed", "rate").values < 0.1
            at_best, chosen = statistics.at_best(solved)
            lost = at_best.astype(float) - solved[:, [0, -1]].mean(axis=1)
            claim = f"XOR, {name}: share solved at the best rate minus at the smallest and largest"
            rates = data["rate"].values
            note = (
                f"best rate {statistics.either(rates, chosen)} ({at_best.mean():.0%}); "
                f"{rates[0]:g}: {own[0]:.0%}, {rates[-1]:g}: {own[-1]:.0%}"
            )
            found.append(claims.mean(claim, DEAL, (0.2, 1.0), lost, note))
    return found


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """The best rate of each optimiser, and the range that does nearly as well."""
    rows = []
    for name in data["optimizer"].values:
        for task, values in (
            ("XOR, share solved", data["loss"] < 0.1),
            ("digits, accuracy", data["accuracy"]),
        ):
            own = (
                values.sel(optimizer=name)
                .mean([d for d in values.dims if d not in ("optimizer", "rate")])
                .values
            )
            good = data["rate"].values[own >= 0.9 * own.max()]
            best = data["rate"].values[np.argmax(own)]
            rows.append([name, task, f"{best:g}", f"{own.max():.1%}", f"{good.min():g} to {good.max():g}"])
    return {"Learning rates": (("optimiser", "task", "best rate", "there", "within 90 % of it"), rows)}


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Rate against what is learnt; the edge."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for colour, name in zip(style.COLOURS, data["optimizer"].values, strict=False):
        solved = (data["loss"].sel(optimizer=name) < 0.1).transpose("rate", "seed").values
        bounds = np.array([statistics.share(int(each.sum()), len(each)) for each in solved])
        left.semilogx(data["rate"], solved.mean(axis=1), color=colour, label=name)
        left.fill_between(data["rate"], *bounds.T, color=colour, alpha=0.2, lw=0)
        accuracy = data["accuracy"].sel(optimizer=name).transpose("rate", "digit_seed").values
        right.semilogx(data["rate"], np.median(accuracy, axis=1), color=colour, label=name)
        right.fill_between(
            data["rate"], accuracy.min(axis=1), accuracy.max(axis=1), color=colour, alpha=0.2, lw=0
        )
    left.set(xlabel="learning rate", ylabel="share of the seeds that learn", title="XOR", ylim=(0, 1))
    right.set(xlabel="learning rate", ylabel="test accuracy", title="digits", ylim=(0, 1))
    left.legend()
    edge = Figure(figsize=(7, 2.4), layout="constrained")
    axis = edge.subplots()
    for y, name in enumerate(data["edge"].values):
        back = data["edge_back"].sel(edge=name).values
        for kind, colour in ((back, style.COLOURS[0]), (~back, style.COLOURS[1])):
            axis.plot(EDGE[kind], np.full(kind.sum(), y), "o", color=colour, ms=4)
    axis.axvline(1, color="grey", ls="--", zorder=0)
    axis.set_yticks(range(data.sizes["edge"]), data["edge"].values)
    axis.set(
        xlabel="learning rate, relative to 2 / (largest eigenvalue)", ylim=(-0.5, data.sizes["edge"] - 0.5)
    )
    return {"rates": (figure, RATES), "edge": (edge, EDGES)}


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
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"seeds": 4, "digit_seeds": 2, "rates": (0.01, 1.0), "steps": 20, "epochs": 1},
    full={"seeds": 2000, "digit_seeds": 20, "steps": 20_000, "epochs": 10},
    remember="Each optimiser has a band of rates that work, less than two decades wide here; above "
    "2 / λ_max plain gradient descent cannot stay at a minimum.",
    minutes=(0.4, 2.0),
    order=30,
)
