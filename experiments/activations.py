"""What an activation function is for: value and slope, mixed activations, and what is lost without any."""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import xarray as xr
from matplotlib.figure import Figure

import nnjax
from experiments.runner import expectations, statistics, style
from experiments.runner.context import Context
from experiments.runner.experiment import (
    Card,
    Drawing,
    Experiment,
    Fold,
    Options,
    Show,
    Story,
    Table,
    at_least,
    positive,
)
from experiments.runner.findings import Finding, exact, mean
from nnjax import ACTIVATIONS, datasets, minima

EXPECTED = expectations.of("activations")


class Nodes(NamedTuple):
    """The nodes of a 2-2-1 network that learns XOR, and a factor for its learning rate.

    The δ of a linear output lacks the factor a(1 - a), so training would diverge at the learning rate that
    the other networks use.
    """

    hidden: str | tuple[str, ...]
    output: str = "sigmoid"
    slower: float = 1.0


SIGMOID, MIXED, LINEAR = "sigmoid", "one of each: ReLU and sigmoid", "none (identity)"
HIDDEN_LINEAR = "none (identity), sigmoid output"
NODES = {
    SIGMOID: Nodes("sigmoid"),
    "ReLU": Nodes("relu"),
    "tanh": Nodes("tanh"),
    MIXED: Nodes(("relu", "sigmoid")),
    LINEAR: Nodes("identity", "identity", slower=0.02),
    HIDDEN_LINEAR: Nodes("identity"),
}
SOLVED, STEP, ENOUGH = 0.1, 1e-6, 100
"""The loss below which XOR is learnt, the step of finite differences, and the fewest seeds for a verdict."""


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """How many networks are trained on XOR, and for how long.

    Attributes:
        seed: First seed.
        seeds: Number of networks for each kind of hidden nodes, 2 or more.
        steps: Number of full-batch steps on XOR.
        rate: Learning rate.
    """

    seed: int = 0
    seeds: int = 1000
    steps: int = 5000
    rate: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, steps=1)
        positive(self, "rate")


def curves() -> xr.Dataset:
    """Compute f(z), f'(z), and the distance of f' from central differences of f, for every activation."""
    z = np.linspace(-6, 6, 241)
    value, slope, error = map(np.stack, zip(*(curve(f, z) for f in ACTIVATIONS.values()), strict=True))
    dimensions, attributes = ("activation", "z"), {"long_name": "largest |f' - central difference|"}
    return xr.Dataset(
        {
            "value": (dimensions, value, {"long_name": "f(z)"}),
            "slope": (dimensions, slope, {"long_name": "f'(z)"}),
            "slope_error": ("activation", error, attributes),
        },
        {"activation": list(ACTIVATIONS), "z": z},
    )


def curve(activation: nnjax.Activation, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute one activation's f(z) and f'(z), and the largest error of f' at points where f has no kink."""
    value = np.array(activation.value(jnp.asarray(z)))
    slope = np.array(activation.derivative(jnp.asarray(z), jnp.asarray(value)))
    above, below = (np.array(activation.value(jnp.asarray(z + way * STEP))) for way in (1, -1))
    error = np.abs((above - below) / (2 * STEP) - slope)
    # The handout's activations have kinks at 0; other kinks are where left and right differences disagree.
    kink = (np.abs(z) <= STEP) | (np.abs((above - value) - (value - below)) > 1e-3 * STEP)
    return value, slope, error[~kink].max()


def xor(nodes: Nodes, config: Config) -> Callable[[jax.Array], jax.Array]:
    """Make a function that maps a key to the final loss on XOR of a 2-2-1 network with these nodes."""
    network = nnjax.Network((2, 2, 1), (nodes.hidden, nodes.output))

    def last_loss(key: jax.Array) -> jax.Array:
        params = nnjax.init(network, key, "normal", "normal")
        options = {"optimizer": optax.sgd(config.rate * nodes.slower), "epochs": config.steps}
        return nnjax.train(network, params, *datasets.xor(), **options, view="nodes")[1].loss

    return last_loss


def xor_losses(config: Config, context: Context) -> xr.Dataset:
    """Measure each seed's final loss on XOR for each kind of hidden nodes, from the same draws."""
    seeds = config.seeds_from_first(config.seeds)
    losses = context.two_at_a_time(
        [functools.partial(context.sweep, name, xor(nodes, config), seeds) for name, nodes in NODES.items()]
    )
    column = ("hidden", "seed"), np.stack(losses), {"long_name": "summed loss after training"}
    return xr.Dataset({"loss": column}, {"hidden": list(NODES), "seed": seeds})


def regression() -> float:
    """Fit a layer to Iris by cross-entropy; return its relative distance from scikit-learn's regression."""
    from sklearn.linear_model import LogisticRegression

    train, test = datasets.iris()
    xs, labels = np.concatenate([train.xs, test.xs]), np.argmax(np.concatenate([train.ys, test.ys]), axis=1)
    xs, ys = xs[labels > 0], (labels[labels > 0] == 2).astype(float)[:, None]
    ours = fitted(xs, ys)
    reference = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10_000).fit(xs, ys[:, 0])
    theirs = np.append(reference.coef_[0], reference.intercept_)
    return float(np.max(np.abs(np.append(ours.weights[:, 0], ours.biases) / theirs - 1)))


def fitted(xs: np.ndarray, ys: np.ndarray) -> nnjax.Layer:
    """Find the layer (in, 1) that minimises the binary cross-entropy of xs (n, in) and ys (n, 1)."""
    network, loss = nnjax.mlp((xs.shape[1], 1), output="identity"), "binary_cross_entropy"
    return minima.polish(
        lambda p: nnjax.total_loss(network, p, xs, ys, loss),
        nnjax.init(network, nnjax.key(0), "zeros", dtype=jnp.float64),
        lambda p: nnjax.gradients(network, p, xs, ys, loss),
        growth=np.inf,
    ).params[0]


def collapse() -> float:
    """Compute the relative distance of five stacked linear layers from the one layer that they must equal."""
    network = nnjax.mlp((5, 7, 6, 8, 4, 3), "identity", "identity")
    params = nnjax.init(network, nnjax.key(0), "normal", "normal", dtype=jnp.float64)
    one = params[0]
    for layer in params[1:]:
        one = nnjax.Layer(one.weights @ layer.weights, one.biases @ layer.weights + layer.biases)
    xs = np.random.default_rng(0).normal(size=(20, 5))
    stack = np.array([nnjax.predict(network, params, x) for x in xs])
    single = xs @ np.asarray(one.weights) + np.asarray(one.biases)
    return float(np.max(np.abs(stack - single)) / np.max(np.abs(single)))


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "curves", "xor", and "linear", which holds the two relative distances."""
    attributes = {"long_name": "relative distance from the value that it must equal", "units": "1"}
    distances = [regression(), collapse()]
    linear = xr.Dataset({"distance": ("what", distances, attributes)}, {"what": ["regression", "collapse"]})
    return xr.DataTree.from_dict({"curves": curves(), "xor": xor_losses(config, context), "linear": linear})


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge what the handout says about activations, and what is lost without them."""
    losses = data["xor"].to_dataset()["loss"]
    judged = [*slope_findings(data["curves"].to_dataset()), *linear_findings(data["linear"].to_dataset())]
    return judged + xor_findings(losses) if losses.sizes["seed"] >= ENOUGH else judged


def slope_findings(curves: xr.Dataset) -> list[Finding]:
    """Judge the derivatives."""
    steepest = curves["slope"].max("z")
    return [
        exact(
            EXPECTED["sigmoid-steepest"],
            "sigmoid: steepest slope",
            float(steepest.sel(activation="sigmoid")),
            note="a quarter, at z = 0",
        ),
        exact(
            EXPECTED["relu-steepest"],
            "ReLU: steepest slope",
            float(steepest.sel(activation="relu")),
            note="1 wherever z > 0",
        ),
        exact(
            EXPECTED["derivatives"],
            "hand-written derivatives: largest distance from central differences",
            float(curves["slope_error"].max()),
            note=f"{curves.sizes['activation']} activations, kinks left out",
        ),
    ]


def linear_findings(linear: xr.Dataset) -> list[Finding]:
    """Compare one layer, and a stack of five linear layers, with the values that they must equal."""
    return [
        exact(
            EXPECTED["logistic-regression"],
            "no hidden layer and cross-entropy: relative distance from scikit-learn's logistic regression",
            float(linear["distance"].sel(what="regression")),
            note="two kinds of iris, weights and bias",
        ),
        exact(
            EXPECTED["linear-layers-collapse"],
            "five linear layers: relative distance from the one layer they collapse to",
            float(linear["distance"].sel(what="collapse")),
        ),
    ]


def xor_findings(losses: xr.DataArray) -> list[Finding]:
    """Judge how XOR is learnt without a non-linearity, and with two kinds of non-linearity."""
    linear = losses.sel(hidden=LINEAR).values
    solved = {name: losses.sel(hidden=name).values < SOLVED for name in (SIGMOID, HIDDEN_LINEAR, MIXED)}
    return [
        exact(
            EXPECTED["xor-linear"],
            "XOR without a non-linearity: smallest loss of any seed",
            float(np.nanmin(linear)),
            note=f"all four outputs ½; {np.mean(np.isfinite(linear)):.1%} of the seeds did not diverge",
        ),
        mean(
            EXPECTED["xor-sigmoid"],
            "XOR, share of the seeds that learn it: sigmoid hidden nodes minus linear ones, same output "
            "and rate",
            solved[SIGMOID].astype(float) - solved[HIDDEN_LINEAR],
            note=f"{solved[SIGMOID].mean():.1%} against {solved[HIDDEN_LINEAR].mean():.1%}, same draws; "
            f"with linear ones no seed gets below {losses.sel(hidden=HIDDEN_LINEAR).values.min():.4f}",
        ),
        exact(
            EXPECTED["xor-mixed"],
            "XOR, one ReLU and one sigmoid: seeds that learn it (count)",
            int(solved[MIXED].sum()),
            note=f"of {solved[MIXED].size}, {solved[MIXED].mean():.1%}: different nodes can have different "
            "activations",
        ),
    ]


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate XOR by hidden nodes."""
    xor, rows = data["xor"].to_dataset(), []
    for name, losses in zip(xor["hidden"].values, xor["loss"].values, strict=True):
        low, high = statistics.share(int(np.sum(losses < SOLVED)), len(losses))
        solved = f"{np.mean(losses < SOLVED):.1%} [{low:.1%}, {high:.1%}]"
        rows.append([str(name), solved, f"{np.median(losses):.3g}"])
    return {"XOR by hidden nodes": (("hidden nodes", "share that learns it", "median loss"), rows)}


SHORT = {LINEAR: "none", HIDDEN_LINEAR: "none, but\nsigmoid output", MIXED: "a ReLU and\na sigmoid"}
"""{kind of nodes: its name in a figure}."""


def figures(data: xr.DataTree) -> Mapping[str, Drawing]:
    """Draw which nodes learn XOR, and all activations with their slopes."""
    curves = data["curves"].to_dataset()
    return {
        "xor": Drawing(
            "Without an activation function no network learns XOR",
            [xor_figure(data["xor"].to_dataset())],
            "Networks with two hidden nodes of each kind, from the same initial weights; 99.9 % intervals.",
        ),
        "all": Drawing(
            "Sigmoid and tanh are flat on both sides, ReLU on one",
            [curve_figure(curves.sel(activation=name)) for name in curves["activation"].values],
            "f(z) (solid) and its slope f'(z) (dashed) against the net input z. On its way back, δ is "
            "multiplied by the slope.",
        ),
    }


def xor_figure(xor: xr.Dataset) -> Figure:
    """Draw the share of the seeds that learn XOR, for each kind of hidden nodes."""
    figure, axes = style.panel(height=300)
    names = [str(name) for name in xor["hidden"].values]
    hits = xor["loss"].transpose("hidden", "seed").values < SOLVED
    intervals = [statistics.share(int(row.sum()), len(row)) for row in hits]
    style.dots(axes, [SHORT.get(name, name) for name in names], hits.mean(axis=1).tolist(), intervals)
    axes.set(xlabel="share of the seeds that learn XOR", xlim=(0, 1))
    return figure


def curve_figure(curve: xr.Dataset) -> Figure:
    """Draw one activation and its slope."""
    figure, axes = style.panel(height=150)
    axes.plot(curve["z"], curve["value"], color=style.COLOURS[0])
    axes.plot(curve["z"], curve["slope"], color=style.COLOURS[1], ls="--")
    axes.set(title=str(curve["activation"].values), ylim=(-1.3, 3), xlim=(-6, 6))
    return figure


def story(data: xr.DataTree) -> Story:
    """Say what an activation function is for."""
    return [
        "The non-linear function “is crucial”, says footnote 4: without it any stack of layers is one linear "
        "layer. XOR shows what is then lost. The four rows of XOR have two inputs, each 0 or 1, and "
        "the answer is 1 if the two inputs differ and 0 if not. A linear layer can do no better than answer "
        "½ on each row, which gives an SSE of 1.",
        Show("xor"),
        "In a 2-2-1 network (two inputs, two hidden nodes, one output) sigmoid instead of linear hidden "
        "nodes raise the share that learns XOR by {xor-sigmoid:points}.",
        Fold("Mixed nodes, and a node that is a logistic regression"),
        "Footnote 5 says that “different nodes can have different activation functions”: a network with one "
        "ReLU and one sigmoid node learns XOR, too. Footnote 1 is right as well: a single sigmoid node, "
        "trained with cross-entropy, ends at the weights that scikit-learn's logistic regression finds.",
    ]


EXPERIMENT = Experiment(
    name="activations",
    title="Activation functions",
    question="What does an activation function do, and what is lost without one?",
    method="Every activation's value and slope are computed, and the slopes are checked by differences. "
    "Networks with several kinds of hidden nodes, or linear ones, are trained on XOR from the same draws.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=Card(
        "Without an activation function no network learns XOR. Sigmoid nodes raise the share of networks "
        "that learn XOR by:",
        "xor-sigmoid:points",
        "xor",
    ),
    smoke={"seeds": 20, "steps": 50},
    full={"seeds": 10_000, "steps": 20_000},
    remember="Without a non-linear activation a stack of layers is one layer, and XOR stays out of reach.",
    minutes=(0.2, 0.4),
)
