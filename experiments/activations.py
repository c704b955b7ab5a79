"""What an activation function is for: its value and slope, mixtures of them, and what is lost without one."""

import dataclasses
import functools
from collections.abc import Mapping

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression

import nnjax
from experiments.runner import findings as claims
from experiments.runner import statistics, style, sweeps
from experiments.runner.experiment import Experiment, Finding, Table, at_least, positive
from nnjax import ACTIVATIONS, datasets, minima

HIDDEN = {
    "sigmoid": "sigmoid",
    "ReLU": "relu",
    "tanh": "tanh",
    "one of each: ReLU and sigmoid": ("relu", "sigmoid"),
    "none (identity)": "identity",
}
"""Hidden nodes of a 2-2-1 network that learns XOR."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

    Attributes:
        seed: First seed.
        seeds: Networks per kind of hidden nodes, 2 or more.
        steps: Full-batch steps on XOR.
        rate: Learning rate.
    """

    seed: int = 0
    seeds: int = 1000
    steps: int = 5000
    rate: float = 0.5

    def __post_init__(self) -> None:
        at_least(self, seeds=2, steps=1)
        positive(self, "rate")


def curves() -> xr.Dataset:
    """Value and derivative of every activation, and how far central differences of the value are from it."""
    z, step = np.linspace(-6, 6, 241), 1e-6
    value = {name: np.array(each.value(jnp.asarray(z))) for name, each in ACTIVATIONS.items()}
    slope, error = {}, []
    for name, each in ACTIVATIONS.items():
        slope[name] = np.array(each.derivative(jnp.asarray(z), jnp.asarray(value[name])))
        above, below = (np.array(each.value(jnp.asarray(z + way * step))) for way in (1, -1))
        distance = np.abs((above - below) / (2 * step) - slope[name])
        error.append(distance[np.abs(z) > step].max())
    dims = ("activation", "z")
    columns = {
        "value": (dims, np.stack(list(value.values()))),
        "slope": (dims, np.stack(list(slope.values()))),
        "slope_error": ("activation", np.array(error)),
    }
    return xr.Dataset(columns, {"activation": list(ACTIVATIONS), "z": z})


def xor(seeds: np.ndarray, steps: int, rate: float) -> xr.Dataset:
    """Last loss on XOR of each seed for each kind of hidden nodes, from the same draws."""

    def end(network: nnjax.Network, slow: float, key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "normal", "normal")
        made = optax.sgd(rate * slow)
        _, history = nnjax.train(network, params, *datasets.xor(), optimizer=made, epochs=steps, view="nodes")
        return history.loss

    losses = []
    for name, names in HIDDEN.items():
        linear = names == "identity"
        network = nnjax.Network((2, 2, 1), (names, "identity" if linear else "sigmoid"))
        # Linear outputs are not held back by a(1 - a): at the others' rate they diverge.
        losses.append(sweeps.sweep(name, functools.partial(end, network, 0.02 if linear else 1.0), seeds))
    return xr.Dataset(
        {"xor_loss": (("hidden", "seed"), np.stack(losses))}, {"hidden": list(HIDDEN), "seed": seeds}
    )


def regression() -> dict[str, float]:
    """One layer with cross-entropy against scikit-learn's logistic regression: two kinds of iris."""
    train, test = datasets.iris()
    xs, labels = np.concatenate([train.xs, test.xs]), np.argmax(np.concatenate([train.ys, test.ys]), axis=1)
    xs, ys = xs[labels > 0], (labels[labels > 0] == 2).astype(float)[:, None]
    network = nnjax.mlp((4, 1), output="identity")
    start = nnjax.init(network, nnjax.key(0), "zeros", dtype=jnp.float64)
    loss = "binary_cross_entropy"
    found = minima.polish(
        lambda p: nnjax.total_loss(network, p, xs, ys, loss),
        start,
        lambda p: nnjax.gradients(network, p, xs, ys, loss),
        growth=np.inf,
    )
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(xs, ys[:, 0])
    theirs = np.append(reference.coef_[0], reference.intercept_)
    ours = np.append(found.params[0].weights[:, 0], found.params[0].biases)
    return {"regression_error": float(np.max(np.abs(ours / theirs - 1)))}


def collapse() -> dict[str, float]:
    """How far a stack of five linear layers is from the one layer that it equals."""
    network = nnjax.mlp((5, 7, 6, 8, 4, 3), "identity", "identity")
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)
    one = params[0]
    for layer in params[1:]:
        one = nnjax.Layer(one.weights @ layer.weights, one.biases @ layer.weights + layer.biases)
    xs = np.random.default_rng(0).normal(size=(20, 5))
    stack = np.array([nnjax.predict(network, params, x) for x in xs])
    single = xs @ np.asarray(one.weights) + np.asarray(one.biases)
    return {"collapse_error": float(np.max(np.abs(stack - single)) / np.max(np.abs(single)))}


def run(config: Config) -> xr.Dataset:
    """Curves, XOR, and the two exact comparisons as attributes."""
    seeds = np.arange(config.seed, config.seed + config.seeds)
    parts = xr.merge([curves(), xor(seeds, config.steps, config.rate)])
    return parts.assign_attrs(regression() | collapse())


def findings(data: xr.Dataset) -> list[Finding]:
    """What the handout says of activations, and what is lost without them."""
    steepest = {name: float(data["slope"].sel(activation=name).max()) for name in ("sigmoid", "relu")}
    half = "handout: a(1 − a)"
    found = [
        claims.exact(
            "sigmoid: its steepest slope", half, (0.25, 0.25), steepest["sigmoid"], "a quarter, at z = 0"
        ),
        claims.exact("ReLU: its steepest slope", "handout", (1.0, 1.0), steepest["relu"], "1 wherever z > 0"),
        claims.exact(
            "hand-written derivatives: largest distance from central differences",
            "definition",
            (0.0, 1e-8),
            float(data["slope_error"].max()),
            f"{data.sizes['activation']} activations, kinks left out",
        ),
        claims.exact(
            "no hidden layer and cross-entropy: relative distance from scikit-learn's logistic regression",
            "handout: “a stack of logistic regressions”",
            (0.0, 1e-4),
            data.attrs["regression_error"],
            "two kinds of iris, weights and bias",
        ),
        claims.exact(
            "five linear layers: relative distance from the one layer they collapse to",
            "linear algebra",
            (0.0, 1e-12),
            data.attrs["collapse_error"],
        ),
    ]
    if data.sizes["seed"] >= 100:
        linear = data["xor_loss"].sel(hidden="none (identity)").values
        solved = {name: data["xor_loss"].sel(hidden=name).values < 0.1 for name in HIDDEN}
        found += [
            claims.exact(
                "XOR without a non-linearity: least loss of any seed",
                "linear least squares",
                (0.999, 1.001),
                float(np.nanmin(linear)),
                f"all four outputs ½; {np.mean(np.isfinite(linear)):.1%} of the seeds did not diverge",
            ),
            claims.share(
                "XOR, sigmoid hidden nodes: share of the seeds that learn it",
                "the contrast",
                (0.5, 1.0),
                solved["sigmoid"],
            ),
            claims.share(
                "XOR, one ReLU and one sigmoid: share that learns it",
                "handout, footnote 5",
                (0.2, 1.0),
                solved["one of each: ReLU and sigmoid"],
                "different nodes can have different activations",
            ),
        ]
    return found


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """XOR by hidden nodes."""
    rows = []
    for name in data["hidden"].values:
        losses = data["xor_loss"].sel(hidden=name).values
        low, high = statistics.share(int(np.sum(losses < 0.1)), len(losses))
        rows.append(
            [name, f"{np.mean(losses < 0.1):.1%} [{low:.1%}, {high:.1%}]", f"{np.median(losses):.3g}"]
        )
    return {"XOR by hidden nodes": (("hidden nodes", "share that learns it", "median loss"), rows)}


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """All activations with their slopes; sigmoid and ReLU side by side."""
    return {
        "pair": (_grid(data, ("sigmoid", "relu"), 2), "Sigmoid and ReLU: value (blue) and slope (orange)."),
        "all": (
            _grid(data, tuple(ACTIVATIONS), 3),
            "Every activation: value (blue) and slope (orange, dashed).",
        ),
    }


def _grid(data: xr.Dataset, names: tuple[str, ...], columns: int) -> Figure:
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(3 * columns, 2.4 * rows), layout="constrained")
    for axis, name in zip(np.ravel(figure.subplots(rows, columns, sharex=True)), names, strict=True):
        part = data.sel(activation=name)
        axis.plot(data["z"], part["value"], color=style.COLOURS[0], label="value")
        axis.plot(data["z"], part["slope"], color=style.COLOURS[1], ls="--", label="slope")
        axis.set(title=name, ylim=(-1.3, 3))
    figure.axes[0].legend(loc="upper left")
    figure.supxlabel("net input z")
    return figure


EXPERIMENT = Experiment(
    name="activations",
    title="Activation functions",
    question="What does an activation function do, and what is lost without one?",
    method="Every activation's value and slope are computed and checked by differences. XOR is learnt with "
    "several kinds of hidden nodes and with none, from the same draws.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"seeds": 20, "steps": 50},
    full={"seeds": 10_000, "steps": 20_000},
    remember="Without a non-linear activation a stack of layers is one layer, and XOR stays out of reach.",
    minutes=(0.2, 0.4),
    order=20,
)
