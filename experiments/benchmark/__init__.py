"""How fast is it? The same training by nnjax and by its peers, side by side in one run, as ratios."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import nnjax
from experiments.benchmark import peers
from experiments.benchmark import timings as measures
from experiments.benchmark.peers import PEERS, Work
from experiments.runner import progress, style
from experiments.runner.experiment import Experiment, Finding, Table, at_least

FLOOR = "C, one vector element per seed"
METHODS = (*PEERS, FLOOR)
STEPS = {
    "NumPy, loop": 100,
    "PyTorch, loop": 200,
    "torch.func, vmap": 50,
    "NumPy, batched": 30,
    "PyTorch, batched by hand": 50,
    "plain JAX, jit(vmap(scan))": 100,
    "Flax NNX + Optax, vmap": 100,
    "nnjax, matrix": 100,
}
"""Steps at most on XOR for what would take minutes; the speed per seed and step is compared.

Loops train one seed. All others train all seeds, since their speed depends on how many there are.
"""

NAMED = {"nnjax, node by node": "nodes", "nnjax, columns": "columns"}
"""Views that are measured where `fastest_view` names them; the matrix view always is."""
NETWORKS = ("2-2-1", "2-4-4-1", "2-16-1", "3-8-8-1", "digits, shared order", "digits, own order")
CHECKED = ("2-2-1", "digits, shared order", "digits, own order")
"""Networks on which all methods must reach the same losses; the others run the same code."""


@dataclasses.dataclass(frozen=True)
class Config:
    """Sizes of the benchmark.

    Attributes:
        seed: First of the seeds that are trained; the speed does not depend on it.
        repeats: How often every method runs; medians are compared.
        log_seeds: XOR is trained from 2^log_seeds seeds at once.
        steps: Updates per seed on XOR.
        digits_epochs: Epochs on the digits.
        networks: Which of the networks to compare.
        growth: Largest factor of width and depth in the figure of the costs.
        scaling: Largest exponent of two of the seeds in the scaling figure.
        million: Also train a million 2-2-1 networks for 5000 steps.
        views: Also try all views on networks where the fastest one changes.
    """

    seed: int = 0
    repeats: int = 3
    log_seeds: int = 16
    steps: int = 500
    digits_epochs: int = 1
    networks: tuple[str, ...] = ("2-2-1", "digits, shared order")
    growth: int = 2
    scaling: int = 18
    million: bool = False
    views: bool = False

    def __post_init__(self) -> None:
        at_least(self, repeats=1, log_seeds=0, steps=1, digits_epochs=1, growth=1, scaling=0)


def works(config: Config) -> dict[str, Work]:
    """What is trained, by name."""

    def xor(sizes: tuple[int, ...], log_seeds: int, divisor: int = 1) -> Work:
        steps, seeds = max(1, config.steps // divisor), 2 ** max(0, log_seeds)
        return Work(nnjax.mlp(sizes), *measures.xor(sizes), rate=0.5, steps=steps, seeds=seeds)

    xs, ys = (part[:1340].astype(np.float32) for part in nnjax.datasets.digits().train)
    steps = config.digits_epochs * len(xs) // 10
    digits = Work(nnjax.mlp((64, 30, 10)), xs, ys, rate=0.15, steps=steps, seeds=256, batch_size=10)
    if config.steps < 100:
        digits = dataclasses.replace(digits, xs=xs[:20], ys=ys[:20], steps=2, seeds=4)
    known = {
        "2-2-1": xor((2, 2, 1), config.log_seeds),
        "2-4-4-1": xor((2, 4, 4, 1), config.log_seeds - 1, 4),
        "2-16-1": xor((2, 16, 1), config.log_seeds - 2, 4),
        "3-8-8-1": xor((3, 8, 8, 1), config.log_seeds - 2, 8),
        "digits, shared order": digits,
        "digits, own order": dataclasses.replace(digits, own_order=True),
    }
    unknown = [name for name in config.networks if name not in known]
    if unknown or not config.networks:
        raise ValueError(f"networks must be some of {', '.join(known)}; got {config.networks}")
    return {name: dataclasses.replace(known[name], first=config.seed) for name in config.networks}


def run(config: Config) -> xr.Dataset:
    """Speeds in seed-steps per second: rate(work, method, repeat)."""
    million = measures.million() if config.million else (np.nan, np.nan, np.nan)
    each = works(config)
    rates = np.full((len(each), len(METHODS), config.repeats), np.nan)
    first = np.full((len(each), len(METHODS)), np.nan)
    losses = np.full((len(each), len(METHODS)), np.nan)
    for w, (name, work) in enumerate(each.items()):
        progress.report(w, len(each) + 1)
        rates[w], first[w] = _measure(work, config.repeats)
        losses[w] = _differences(work) if name in CHECKED else np.nan
    progress.report(len(each), len(each) + 1)
    few = config.steps // 10 + 1
    views = np.full((len(measures.viewed()), config.repeats), np.nan)
    if config.views:
        views = measures.views(config.repeats, config.log_seeds - 6)
    seeds, seconds = measures.scaling(config.scaling, few, config.repeats)
    shapes = ("work", "peer")
    return xr.Dataset(
        {
            "rate": ((*shapes, "repeat"), rates, {"units": "seed-steps/s"}),
            "first": (shapes, first, {"units": "s", "long_name": "first call, compilation included"}),
            "loss_difference": (shapes, losses, {"units": "1", "long_name": "largest relative difference"}),
            "alone": (
                ("single", "repeat"),
                measures.alone(20 * config.steps, config.repeats),
                {"units": "steps/s"},
            ),
            "peak": (
                "repeat",
                measures.peak(config.repeats),
                {"units": "FLOP/s", "long_name": "matrix product"},
            ),
            "seed_steps": (
                shapes,
                [[_limited(work, m).seed_steps for m in METHODS] for work in each.values()],
            ),
            "flops": ("work", [_flops(work) for work in each.values()], {"units": "FLOP per seed-step"}),
            "scaling": ("seeds", seconds, {"units": "s"}),
            "growth": (
                ("direction", "size"),
                measures.growth(config.growth, config.log_seeds - 3, few, config.repeats),
                {"units": "seed-steps/s"},
            ),
            "views": (("viewed", "repeat"), views, {"units": "1"}),
            "million": ("quantity", np.array(million), {"units": "s, bytes, bytes per seed"}),
        },
        {
            "work": list(each),
            "peer": list(METHODS),
            "seeds": seeds,
            "single": ["nnjax.train, matrix", "nnjax.train, node by node", "PyTorch, loop"],
            "direction": ["width", "depth"],
            "size": np.arange(1, config.growth + 1),
            "viewed": measures.viewed(),
            "quantity": ["seconds", "peak memory", "result"],
        },
        {
            "missing": ", ".join(_missing()),
            "machine": measures.machine(),
            "versions": measures.versions(),
            "full": int(_is_full(config)),
        },
    )


def _is_full(config: Config) -> bool:
    """Whether the sizes are those that the aims are about; smaller ones do not fill the machine."""
    return config.log_seeds >= FULL["log_seeds"] and config.steps >= FULL["steps"]


def _missing() -> list[str]:
    found = [name for name, (_, package) in PEERS.items() if not peers.installed(package)]
    return found if shutil.which("cc") else [*found, FLOOR]


def _limited(work: Work, method: str) -> Work:
    seeds = 1 if method.endswith("loop") else work.seeds
    steps = work.steps if work.batch_size else min(work.steps, STEPS.get(method, work.steps))
    return dataclasses.replace(work, seeds=seeds, steps=steps)


def _suits(work: Work, method: str) -> bool:
    rows = work.batch_size or len(work.xs)
    return method not in NAMED or nnjax.fastest_view(work.network, rows) == NAMED[method]


def _measure(work: Work, repeats: int) -> tuple[np.ndarray, np.ndarray]:
    """Every method once to compile, then all of them in turn, so that a busy moment meets all alike."""
    jobs: dict[str, tuple[Callable[[], np.ndarray], int]] = {}
    rates = np.full((len(METHODS), repeats), np.nan)
    first = np.full(len(METHODS), np.nan)
    for m, (name, (make, package)) in enumerate(PEERS.items()):
        if peers.installed(package) and _suits(work, name):
            limited = _limited(work, name)
            jobs[name] = make(limited), limited.seed_steps
            first[m], _ = measures.clock(jobs[name][0])
    for repeat in range(repeats):
        for m, name in enumerate(METHODS):
            if name in jobs:
                job, count = jobs[name]
                rates[m, repeat] = count / measures.clock(job)[0]
        if work.network.sizes == (2, 2, 1):
            rates[METHODS.index(FLOOR), repeat] = measures.floor()
    return rates, first


def _differences(work: Work) -> list[float]:
    """Largest relative difference of each method's final losses from nnjax's, over 4 seeds, few updates."""
    few = dataclasses.replace(work, seeds=4, steps=len(work.xs) // 10 if work.batch_size else 20)
    expected = peers.nnjax_sweep("matrix", few)()
    found = [np.nan] * len(METHODS)
    for m, (name, (make, package)) in enumerate(PEERS.items()):
        if peers.installed(package) and _suits(work, name):
            difference = float(np.max(np.abs(make(few)() / expected - 1)))
            found[m] = difference if np.isfinite(difference) else np.inf
    return found


def _flops(work: Work) -> float:
    """Multiplications and additions of the products of one update: forward, backward, weight gradient."""
    pairs = list(zip(work.network.sizes[:-1], work.network.sizes[1:], strict=True))
    weights = [i * o for i, o in pairs]
    return 2.0 * (work.batch_size or len(work.xs)) * (2 * sum(weights) + sum(weights[1:]))


def _medians(data: xr.Dataset) -> xr.DataArray:
    return data["rate"].median("repeat")


def _best(data: xr.Dataset, work: str) -> str:
    """The view that `fastest_view` names, which is the one that a user gets."""
    measured = data["rate"].sel(work=work).notnull().any("repeat")
    return next((name for name in NAMED if measured.sel(peer=name)), "nnjax, matrix")


def ratio(data: xr.Dataset, work: str, method: str) -> tuple[float, tuple[float, float]]:
    """How many times as fast nnjax is: the median over the repeats, and their range."""
    own = data["rate"].sel(work=work, peer=_best(data, work)).values
    other = data["rate"].sel(work=work, peer=method).values
    ratios = own / other
    return float(np.median(ratios)), (float(np.min(ratios)), float(np.max(ratios)))


AIMS = (
    ("2-2-1", FLOOR, 0.7, "share of the C program's speed"),
    ("2-2-1", "torch.func, vmap", 150, "times as fast as torch.func"),
    ("2-2-1", "plain JAX, jit(vmap(scan))", 5, "times as fast as plain JAX"),
    ("2-4-4-1", "plain JAX, jit(vmap(scan))", 20, "times as fast as plain JAX"),
    ("digits, shared order", "PyTorch, batched by hand", 2, "times as fast as PyTorch by hand"),
    ("digits, own order", "PyTorch, batched by hand", 2, "times as fast as PyTorch by hand"),
)


def findings(data: xr.Dataset) -> list[Finding]:
    """The aims, at the full size, each against its measured ratio; intervals are the range of the repeats."""
    note = f"median and range of {data.sizes['repeat']} repeats side by side"
    found = [
        Finding(
            f"{work}: {claim}", "aim of this project", (aim, np.inf), *ratio(data, work, method), note=note
        )
        for work, method, aim, claim in AIMS
        if work in data["work"].values and data.attrs["full"]
    ]
    alone = (data["alone"].isel(single=0) / data["alone"].isel(single=2)).values
    span = float(np.median(alone)), (float(np.min(alone)), float(np.max(alone)))
    claim = "one network alone: times as fast as a PyTorch loop"
    if data.attrs["full"]:
        found.append(Finding(claim, "aim of this project", (500, np.inf), *span, note=note))
    worst = float(data["loss_difference"].max())
    claim = "all methods reach the same losses: largest relative difference"
    note = "4 seeds; 20 updates on XOR, an epoch on the digits"
    found.append(Finding(claim, "same parameters, same rows", (0.0, 1e-4), worst, (worst, worst), note=note))
    found.append(_compilation(data))
    found.extend(_of_views(data))
    seconds, memory, _ = (float(value) for value in data["million"])
    if np.isfinite(seconds):
        claim = "a million networks, 5000 steps each: "
        bounds = {
            "seconds, compilation included": (seconds, 30.0, "s"),
            "peak memory": (memory, 2e9, "bytes"),
        }
        for what, (value, most, unit) in bounds.items():
            found.append(Finding(claim + what, "aim of this project", (0, most), value, (value, value), unit))
    return found


def _of_views(data: xr.Dataset) -> Iterator[Finding]:
    """Where the view that `fastest_view` names does worst, on 4 rows and on more."""
    names = data["viewed"].values
    few = np.array([name.endswith(", 4 rows") for name in names])
    for where, chosen in (("4 rows", few), ("batches of 10 rows and more", ~few)):
        ratios = data["views"].values[chosen]
        if not np.all(np.isfinite(ratios)):
            return
        medians = np.median(ratios, axis=1)
        worst = int(np.argmin(medians))
        claim = (
            f"the view that fastest_view names, {where}: its speed over the best other's, where it is least"
        )
        span = float(ratios[worst].min()), float(ratios[worst].max())
        note = f"{names[chosen][worst]}; median of the networks: {np.median(medians):.2f}"
        yield Finding(claim, "aim of this project", (0.9, np.inf), float(medians[worst]), span, note=note)


def _compilation(data: xr.Dataset) -> Finding:
    """The first call less a later one, of the view that a user gets, where that is longest."""
    medians, took = _medians(data), {}
    for work in data["work"].values:
        own = {"work": work, "peer": _best(data, work)}
        later = float(data["seed_steps"].sel(own)) / float(medians.sel(own))
        took[work] = float(data["first"].sel(own)) - later
    worst = max(took, key=lambda name: took[name])
    claim = "compilation of a training program, the longest of these networks"
    return Finding(claim, "aim of this project", (-1.0, 10.0), took[worst], (took[worst],) * 2, "s", worst)


def _short(value: float) -> str:
    """Two digits, and no exponent: 0.83, 5.6, 31000."""
    return f"{float(f'{value:.2g}'):.10g}"


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Speeds, and how many times as fast nnjax is."""
    medians = _medians(data)
    rows = []
    for work in data["work"].values:
        for method in data["peer"].values:
            rate = float(medians.sel(work=work, peer=method))
            if np.isfinite(rate):
                first = float(data["first"].sel(work=work, peer=method))
                own, (low, high) = ratio(data, work, method)
                shown = f"{first:.1f}" if np.isfinite(first) else ""
                span = f"{_short(own)} [{_short(low)}, {_short(high)}]"
                rows.append([work, method, f"{rate:.2g}", span, shown])
    header = ("network", "method", "seed-steps/s", "nnjax is × as fast", "first call, s")
    own = [(work, _best(data, work)) for work in data["work"].values]
    peak = float(data["peak"].median())
    flops = medians * data["flops"] / peak
    shares = [[work, method, f"{float(flops.sel(work=work, peer=method)):.1%}"] for work, method in own]
    machine, versions, missing = (data.attrs[name] for name in ("machine", "versions", "missing"))
    return {
        f"Speed on {machine}; {versions}; missing: {missing or 'nothing'}": (header, rows),
        f"Share of the peak of matrix products, {peak / 1e9:.0f} GFLOP/s": (
            ("network", "method", "share"),
            shares,
        ),
    }


def _bars(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 1 + 3 * ((data.sizes["work"] + 1) // 2)), layout="constrained")
    axes = figure.subplots((data.sizes["work"] + 1) // 2, 2).ravel()
    for axis in axes[data.sizes["work"] :]:
        axis.remove()
    for axis, work in zip(axes, data["work"].values, strict=False):
        medians = _medians(data).sel(work=work).dropna("peer")[::-1]
        names = [str(name) for name in medians["peer"].values]
        colours = [style.COLOURS[0] if name.startswith("nnjax") else "#999999" for name in names]
        bars = axis.barh(names, medians.values, color=colours)
        axis.bar_label(bars, [f"{value:.1e}" for value in medians.values], padding=3, fontsize=8)
        axis.set(xscale="log", title=work, xlabel="seed-steps per second")
        axis.set_xlim(float(medians.min()) / 3, float(medians.max()) * 20)
        axis.tick_params(labelsize=8)
        axis.grid(visible=False, axis="y")
    return figure


def _lines(data: xr.Dataset) -> Figure:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    proportional = data["scaling"][-1] * data["seeds"] / data["seeds"][-1]
    left.loglog(data["seeds"], data["scaling"], "o-", base=2)
    left.loglog(data["seeds"], proportional, "--", color="grey", base=2)
    left.text(0.97, 0.06, "dashed: proportional", ha="right", color="grey", transform=left.transAxes)
    left.set(xlabel="seeds", ylabel="seconds", title="time of a sweep, 2-2-1")
    for row, name in enumerate(("width: 2-4k-1", "depth: k layers of 4")):
        cost = 1e9 / data["growth"][row]
        right.semilogy(data["size"], cost, "o-", label=name)
    right.set(xlabel="k", ylabel="nanoseconds per seed-step", title="cost against width and depth")
    right.set_xticks(data["size"].values)
    right.legend()
    return figure


def figures(data: xr.Dataset) -> Mapping[str, tuple[Figure, str]]:
    """Bars per network, and how the cost grows."""
    return {
        "speed": (_bars(data), "Speed of the same training, per network; a logarithmic axis."),
        "growth": (
            _lines(data),
            "Time against the number of seeds (below one lane per device it stays constant), and cost per "
            "seed-step against width and depth.",
        ),
    }


SMOKE: Mapping[str, Any] = {
    "repeats": 1,
    "log_seeds": 3,
    "steps": 30,
    "scaling": 10,
    "growth": 1,
    "networks": ("2-2-1",),
}
FULL: Mapping[str, Any] = {
    "log_seeds": 18,
    "steps": 2000,
    "networks": NETWORKS,
    "growth": 4,
    "scaling": 20,
    "views": True,
}


EXPERIMENT = Experiment(
    name="benchmark",
    title="How fast is it?",
    question="How fast does nnjax train many small networks, beside other ways to write the same?",
    method="Every method trains the same networks from the same parameters on the same rows. They run in "
    "turn, several times, and each round's ratios are compared, since a busy machine slows all alike. Slow "
    "ones take fewer steps, and loops one seed: speeds are per seed and step.",
    config=Config,
    run=run,
    figures=figures,
    findings=findings,
    tables=tables,
    smoke=SMOKE,
    full=FULL,
    remember="For tiny networks the handout's own view, node by node, is the fastest: each node is a vector "
    "of seeds.",
    float64=False,
    minutes=(0.9, 12.0),
    order=900,
)
