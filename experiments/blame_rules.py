"""How wrong is a wrong rule of blame? Backpropagation beside three published rules that are not the gradient."""

import dataclasses
from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import nnjax
from experiments import claims, progress, statistics, style
from experiments.experiment import Experiment, Finding, Table
from nnjax import activations, datasets
from nnjax.backprop import Deltas
from nnjax.network import product

Rule = Callable[..., Deltas]


def _through(
    network: nnjax.Network,
    trace: nnjax.Trace,
    output: jax.Array,
    blames: Callable[[int, jax.Array], jax.Array],
) -> Deltas:
    """δ of every layer from the output's, with `blames(layer, δ)` in place of W δ."""
    found = [output]
    for layer in reversed(range(len(network.sizes) - 2)):
        names, z, a = network.activations[layer], trace.net_inputs[layer], trace.activations[layer + 1]
        found.append(blames(layer, found[-1]) * activations.slope(names, z, a))
    return tuple(reversed(found))


def backpropagation(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The gradient: δᵢ = Σⱼ wᵢⱼ δⱼ · f'(zᵢ)."""
    return nnjax.deltas(network, params, trace, y)


def summed(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The handout's rule as printed: summed over the siblings, δᵢ = Σ_k Σⱼ wₖⱼ δⱼ · f'(zᵢ)."""
    return nnjax.deltas_as_printed(network, params, trace, y, params)


def squared(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, _: tuple
) -> Deltas:
    """The rule of the handout author's code (HLasse/COSC420): the weight enters twice, the factor 2 is missing."""
    half = nnjax.deltas(network, params, trace, y)[-1] / 2
    return _through(network, trace, half, lambda layer, delta: product(params[layer + 1].weights ** 2, delta))


def feedback(
    network: nnjax.Network, params: nnjax.Params, trace: nnjax.Trace, y: jax.Array, fixed: tuple
) -> Deltas:
    """Feedback alignment (Lillicrap et al. 2016): fixed random weights carry blame back, δᵢ = Σⱼ bᵢⱼ δⱼ · f'(zᵢ)."""
    output = nnjax.deltas(network, params, trace, y)[-1]
    return _through(network, trace, output, lambda layer, delta: product(fixed[layer + 1].weights, delta))


RULES: dict[str, Rule] = {
    "backpropagation": backpropagation,
    "handout, as printed": summed,
    "author's code": squared,
    "fixed random feedback": feedback,
}


def step(
    network: nnjax.Network,
    rule: Rule,
    params: nnjax.Params,
    fixed: nnjax.Params,
    xs: jax.Array,
    ys: jax.Array,
    rate: float,
) -> nnjax.Params:
    """One update with the weight changes that a rule asks for, summed over the rows."""
    traces = jax.vmap(lambda x: nnjax.forward(network, params, x))(xs)
    found = jax.vmap(lambda trace, y: rule(network, params, trace, y, fixed))(traces, ys)
    return tuple(
        nnjax.Layer(w + rate * product(a.T, delta), b + rate * jnp.sum(delta, axis=0))
        for (w, b), a, delta in zip(params, traces.activations[:-1], found, strict=True)
    )


def angles(network: nnjax.Network) -> Callable[[jax.Array], jax.Array]:
    """A function of a key: cosine between each rule's and the true weight change of layer 1, for one row."""

    def one(key: jax.Array) -> jax.Array:
        params, fixed = (
            nnjax.init(network, jax.random.fold_in(key, part), "normal", dtype=jnp.float64)
            for part in range(2)
        )
        x = jax.random.normal(jax.random.fold_in(key, 2), (network.sizes[0],), jnp.float64)
        y = jax.random.uniform(jax.random.fold_in(key, 3), (network.sizes[-1],), jnp.float64)
        trace = nnjax.forward(network, params, x)
        found = [rule(network, params, trace, y, fixed)[0] for rule in RULES.values()]
        return jnp.stack(
            [jnp.vdot(d, found[0]) / jnp.sqrt(jnp.vdot(d, d) * jnp.vdot(found[0], found[0])) for d in found]
        )

    return one


@dataclasses.dataclass(frozen=True)
class Job:
    """What is learnt, and how long: full batches, or batches of `batch` rows in one fixed order."""

    network: nnjax.Network
    train: datasets.Data
    test: datasets.Data
    rate: float
    epochs: int
    batch: int


def trained(job: Job, rule: Rule) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """A function of a key: last loss per row, and share of the test rows labelled right."""
    whole = len(job.train.xs) // job.batch * job.batch
    order = np.random.default_rng(0).permutation(len(job.train.xs))[:whole].reshape(-1, job.batch)
    batches = [jnp.asarray(values[order], jnp.float32) for values in job.train]
    network = job.network

    def end(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        params, fixed = (
            nnjax.init(network, jax.random.fold_in(key, k), "normal", "normal") for k in range(2)
        )

        def update(now: nnjax.Params, rows: tuple[jax.Array, jax.Array]) -> tuple[nnjax.Params, None]:
            return step(network, rule, now, fixed, *rows, job.rate), None

        def epoch(_: int, now: nnjax.Params) -> nnjax.Params:
            return jax.lax.scan(update, now, tuple(batches))[0]

        last = jax.lax.fori_loop(0, job.epochs, epoch, params)
        y_hats = jax.vmap(lambda x: nnjax.predict(network, last, x))(jnp.asarray(job.test.xs, jnp.float32))
        labels = jnp.argmax(y_hats, axis=1) == np.argmax(job.test.ys, axis=1)
        return nnjax.total_loss(network, last, *job.train) / len(job.train.xs), jnp.mean(
            labels, dtype=jnp.float32
        )

    return end


@dataclasses.dataclass(frozen=True)
class Config:
    """Options.

    Attributes:
        seed: First seed.
        angle_seeds: Random networks whose angles are measured, 2 or more.
        seeds: Networks that learn XOR and Iris by each rule, 2 or more.
        digit_seeds: Networks that learn the digits, 2 or more.
        steps: Full-batch steps on XOR.
        iris_epochs: Epochs on Iris, batches of 16.
        digit_epochs: Epochs on the digits, batches of 10.
    """

    seed: int = 0
    angle_seeds: int = 10_000
    seeds: int = 1000
    digit_seeds: int = 50
    steps: int = 5000
    iris_epochs: int = 60
    digit_epochs: int = 10

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            least = 0 if field.name == "seed" else 2 if field.name.endswith("seeds") else 1
            if getattr(self, field.name) < least:
                raise ValueError(f"{field.name} must be {least} or more; got {getattr(self, field.name)}")


def jobs(config: Config) -> dict[str, tuple[Job, int]]:
    """The tasks, each with its number of seeds."""
    xor, iris, digits = datasets.xor(), datasets.iris(), datasets.digits()
    return {
        "XOR": (Job(nnjax.mlp((2, 2, 1)), xor, xor, 2.0, config.steps, 4), config.seeds),
        "Iris": (Job(nnjax.mlp((4, 8, 3)), *iris, 0.05, config.iris_epochs, 16), config.seeds),
        "digits": (Job(nnjax.mlp((64, 30, 10)), *digits, 0.15, config.digit_epochs, 10), config.digit_seeds),
    }


def run(config: Config) -> xr.Dataset:
    """Angles, and what each rule reaches; every rule starts from the same draws."""
    network = nnjax.mlp((3, 4, 1), biases=False)
    seeds = config.seed + np.arange(config.angle_seeds)
    parts = [
        xr.Dataset(
            {"cosine": (("angle_seed", "rule"), nnjax.sweep(angles(network), seeds))}, {"rule": list(RULES)}
        )
    ]
    for name, (job, count) in jobs(config).items():
        found = []
        for rule in RULES.values():
            progress.report(len(parts) * len(RULES) + len(found), 4 * len(RULES))
            found.append(nnjax.sweep(trained(job, rule), config.seed + np.arange(count)))
        losses, accuracy = (np.stack(column) for column in zip(*found, strict=True))
        key = name.lower()
        parts.append(
            xr.Dataset(
                {
                    f"{key}_loss": (("rule", f"{key}_seed"), losses),
                    f"{key}_accuracy": (("rule", f"{key}_seed"), accuracy),
                }
            )
        )
    return xr.merge(parts).assign_coords(angle_seed=seeds)


def solved(data: xr.Dataset, rule: str) -> np.ndarray:
    """Which seeds have learnt XOR: summed loss below 0.1."""
    return data["xor_loss"].sel(rule=rule).values * 4 < 0.1


def findings(data: xr.Dataset) -> list[Finding]:
    """How far each rule points from the gradient, and what that costs."""
    found = []
    for rule in list(RULES)[1:]:
        cosine = data["cosine"].sel(rule=rule).values
        claim = f"3-4-1, {rule}: share of random networks whose layer 1 is sent uphill"
        note = f"cosine with the gradient: mean {cosine.mean():.3f}, lowest {cosine.min():.3f}; claim: none"
        found.append(
            claims.share(claim, "a rule of blame should lower the loss", (0.0, 0.01), cosine < 0, note)
        )
    if data.sizes["xor_seed"] >= 100:
        right = solved(data, "backpropagation").astype(float)
        for rule in list(RULES)[1:]:
            claim = f"XOR 2-2-1: share solved by {rule} minus by backpropagation"
            note = f"{solved(data, rule).mean():.1%} against {right.mean():.1%}; same seeds"
            found.append(
                claims.mean(claim, "does the slip matter?", (-0.05, 0.05), solved(data, rule) - right, note)
            )
    for task, enough in (("iris", 100), ("digits", 20)):
        if data.sizes[f"{task}_seed"] < enough:
            continue
        accuracy = data[f"{task}_accuracy"]
        best = accuracy.sel(rule="backpropagation").values
        for rule in list(RULES)[1:]:
            own = accuracy.sel(rule=rule).values
            claim = f"{task}: accuracy by {rule} minus by backpropagation"
            note = f"medians {np.median(own):.1%} against {np.median(best):.1%}; same seeds"
            found.append(claims.mean(claim, "does the slip matter?", (-0.02, 0.02), own - best, note))
    return found


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Each rule's angle and what it reaches."""
    rows = []
    for rule in RULES:
        cosine = data["cosine"].sel(rule=rule).values
        share = solved(data, rule)
        low, high = statistics.share(int(share.sum()), share.size)
        accuracies = [
            f"{np.median(data[f'{task}_accuracy'].sel(rule=rule)):.1%}" for task in ("iris", "digits")
        ]
        rows.append(
            [
                rule,
                f"{cosine.mean():.3f}",
                f"{np.mean(cosine < 0):.1%}",
                f"{share.mean():.1%} [{low:.1%}, {high:.1%}]",
                *accuracies,
            ]
        )
    header = ("rule", "mean cosine", "uphill", "XOR solved", "Iris, accuracy", "digits, accuracy")
    return {"Rules of blame": (header, rows)}


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Angles; accuracy."""
    figure = Figure(figsize=(9.4, 3.4), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    for colour, rule in zip(style.COLOURS[1:], list(RULES)[1:], strict=False):
        left.hist(
            data["cosine"].sel(rule=rule),
            np.linspace(-1, 1, 41),
            color=colour,
            histtype="step",
            lw=2,
            label=rule,
        )
    left.axvline(0, color="grey", ls="--")
    left.set(xlabel="cosine with the gradient", ylabel="random networks", title="3-4-1, layer 1")
    left.legend(fontsize=8, loc="upper left")
    for axis, task, title in ((middle, "iris", "Iris"), (right, "digits", "digits")):
        values = [data[f"{task}_accuracy"].sel(rule=rule).values for rule in RULES]
        parts = axis.violinplot(values, vert=False, showmedians=True)
        for body, colour in zip(parts["bodies"], style.COLOURS, strict=False):
            body.set_facecolor(colour)
        axis.set_yticks(range(1, 5), list(RULES) if axis is middle else [""] * 4, fontsize=8)
        axis.set(xlabel="test accuracy", title=title, xlim=(0, 1))
        axis.invert_yaxis()
    return {"rules": (figure, CAPTION)}


CAPTION = (
    "Left: the angle between each rule's weight change and the true one, over random networks; left of 0 the "
    "loss rises. Right: test accuracy over seeds after training by each rule from the same initial weights; "
    "lines are medians."
)
EXPERIMENT = Experiment(
    name="blame_rules",
    title="Rules of blame",
    question="How much does it matter that a published rule of blame is not the gradient?",
    method="Backpropagation, the handout's printed rule, its author's code and fixed random feedback are compared "
    "by their angle to the true gradient. Then each trains the same networks.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke={"angle_seeds": 50, "seeds": 4, "digit_seeds": 2, "steps": 20, "iris_epochs": 1, "digit_epochs": 1},
    full={"angle_seeds": 100_000, "seeds": 10_000, "digit_seeds": 500, "steps": 20_000, "digit_epochs": 30},
    remember="A rule that points roughly the right way still learns, which is why the slip goes unnoticed; it "
    "learns less often, and sometimes points uphill.",
    order=40,
)
