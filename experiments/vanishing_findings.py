"""What the vanishing-gradients experiment finds, and its tables."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr
from scipy import stats

from experiments import birth_laws, depth_training, statistics
from experiments.experiment import Finding, Table
from experiments.vanishing_figures import TASKS, weight_gradient
from nnjax import gradient_flow

SMALLER = "handout: “the value of δ is substantially smaller than what it was at the output nodes”"
NEGLIGIBLE = "handout: “δ becomes so small that weight changes are negligible”"
ROBUST = "handout: “ReLU is far more robust … one of the reasons for its success”"
ROUNDING = 2.0**-24
"""Half the spacing of float32 numbers, relative to them: a smaller change of a weight is no change."""
EDGE = 3
"""Layers left out next to the input, where the mean squares have not settled yet, and one at the output."""
WIDE = 256
"""Width from which wide-network theory is held to 2 %."""
SIGMOID = "handout: “deep networks can run into vanishing gradients”"
SETTLED = 5
"""Epochs below which nothing is said about training."""
LEARNT = 0.9
"""A network has learnt if its loss is below this share of the best constant answer's."""


def findings(data: xr.Dataset) -> list[Finding]:
    """The handout's sentences, the theory's laws, and what training shows."""
    return [*_at_birth(data), *_theory(data), *_laws(data), *_in_training(data)]


def _has(data: xr.Dataset, *conditions: tuple[str, str]) -> bool:
    return all(
        name in data["activation"].values
        and init in data["init"].values
        and np.isfinite(data["delta"].sel(activation=name, init=init).isel(width=-1)).all()
        for name, init in conditions
    )


def _delta(data: xr.Dataset, activation: str, init: str) -> np.ndarray:
    """|δₗ| / |δ_L| in the widest and deepest networks, (layer, seed)."""
    part = data["delta"].sel(activation=activation, init=init).isel(width=-1)
    return part.transpose("layer", "seed").values


def _median(claim: str, source: str, expected: tuple[float, float], values: np.ndarray, note: str) -> Finding:
    interval = statistics.bootstrap(values)
    return Finding(claim, source, expected, float(np.median(values)), interval, note=note)


def _at_birth(data: xr.Dataset) -> Iterator[Finding]:
    depth, width = data.sizes["layer"], int(data["width"].values[-1])
    where = f"width {width}, {depth} layers, median over seeds"
    cases = {
        ("sigmoid", "lecun_normal"): "so for sigmoid with the usual initial weights",
        (
            "sigmoid",
            "normal",
        ): "the handout's own N(0, 1) weights: at this width a few unsaturated nodes have large weights",
        ("relu", "he_normal"): "not so for ReLU with He's weights",
    }
    for case, note in cases.items():
        if depth > 1 and _has(data, case):
            delta = _delta(data, *case)
            claim = f"{' '.join(case)}: one layer below the output, |δ| is less than half"
            yield _median(claim, SMALLER, (0.0, 0.5), delta[-2] / delta[-1], f"{note}; {where}")
    for case in (("sigmoid", "lecun_normal"), ("relu", "he_normal"), ("tanh", "orthogonal")):
        if depth >= 20 and case[1] in data["init"].values and case[0] in data["activation"].values:
            yield from _negligible(data, case)
    if depth >= 10 and _has(data, ("sigmoid", "he_normal"), ("relu", "he_normal")):
        relu, sigmoid = (_delta(data, name, "he_normal")[0] for name in ("relu", "sigmoid"))
        there = (relu > 0) & (sigmoid > 0)
        if there.any():
            claim = f"same draws, {depth} layers: ReLU's |δ₁| over sigmoid's, orders of magnitude"
            note = f"He's weights, {where}; in {np.mean(~there):.0%} of the seeds one of them was 0"
            yield _median(claim, ROBUST, (1.0, np.inf), np.log10(relu[there] / sigmoid[there]), note)


def _negligible(data: xr.Dataset, case: tuple[str, str]) -> Iterator[Finding]:
    """Change of the first weights at α = 1, |δ₁| = |ΔW₁|/|W₁| for unit-variance inputs, against rounding."""
    part = data["delta"].sel(activation=case[0], init=case[1]).dropna("width", how="any").isel(width=-1)
    first, depth = part.transpose("layer", "seed").values[0], data.sizes["layer"]
    claim = f"{' '.join(case)}: {depth} layers, |δ₁|/|δ_L| is below float32's rounding"
    note = f"width {int(part['width'])}; at α = 1 a weight's relative change is about this"
    yield _median(claim, NEGLIGIBLE, (0.0, ROUNDING), first, note)


def factors(data: xr.Dataset, width: int, activation: str, init: str) -> tuple[np.ndarray, float] | None:
    """Per seed the mean of |δₗ|²/|δₗ₊₁|² over inner layers, and mean-field theory's.

    None with too few layers between what is too small and what is too large for float32.
    """
    part = data.sel(width=width, activation=activation, init=init)
    delta = part["delta"].transpose("layer", "seed").values
    squares = part["predicted"].values
    inner = np.arange(EDGE, len(delta) - 2)
    inner = inner[np.all(delta[inner] > 1e-30, axis=1)]
    if len(inner) < 2 or not np.isfinite(part["size"]).all():
        return None
    ratios = (delta[inner] / delta[inner + 1]) ** 2
    return ratios.mean(axis=0), float(np.mean(squares[inner] / squares[inner + 1]))


def _theory(data: xr.Dataset) -> Iterator[Finding]:
    width = int(data["width"].values[-1])
    errors = {}
    for activation in data["activation"].values:
        for init in data["init"].values:
            found = factors(data, width, activation, init)
            if found is not None:
                ratio = found[0] / found[1] - 1
                errors[f"{activation} {init}"] = float(np.mean(ratio)), statistics.bootstrap(ratio, np.mean)
    if errors and width >= WIDE:
        worst = max(errors, key=lambda name: abs(errors[name][0]))
        claim = "|δ|² changes per layer by the factor χ of mean-field theory: relative error"
        note = f"the worst of {len(errors)} conditions, {worst}, at width {width}"
        yield Finding(claim, "Schoenholz et al. 2017", (-0.02, 0.02), *errors[worst], note=note)
    for name, ratios, theory in zip(
        data["uneven"].values, data["unequal"].values, data["unequal_theory"].values, strict=True
    ):
        error = np.mean(ratios / theory - 1, axis=1)
        claim = f"the same at widths {'-'.join(map(str, birth_laws.UNEQUAL))}, {name}: relative error"
        yield Finding(
            claim,
            "theory: χ whatever the widths, for variances 1/in",
            (-0.1, 0.1),
            float(error.mean()),
            statistics.bootstrap(error, np.mean),
            note="mean over layers and seeds; 10 %, since its layers are narrow",
        )


def _laws(data: xr.Dataset) -> Iterator[Finding]:
    if _has(data, ("relu", "he_normal"), ("relu", "glorot_normal")) and data.sizes["layer"] > 2:
        yield from _glorot(data)
        yield from _spread(data)
    ratio = data["one_step"].values
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    distance = float(
        stats.kstest(ratio, lambda r: gradient_flow.relu_step_cdf(birth_laws.STEP_WIDTH, r)).statistic
    )
    bound = float(stats.kstwo.ppf(statistics.CONFIDENCE, len(ratio)))
    claim = (
        f"one ReLU layer of {birth_laws.STEP_WIDTH} changes |δ|² by (2/n) χ² with K ~ Bin(n, ½) degrees of "
        "freedom"
    )
    note = (
        f"largest distance of the distributions, {len(ratio)} networks; beyond the bound for 1 sample in 1000"
    )
    yield Finding(
        claim, "exact; after Hanin & Nica 2018", (0.0, bound), distance, (distance, distance), note=note
    )
    width, layers = birth_laws.DEAD
    dead = data["is_dead"].values
    exact = gradient_flow.dead_at_birth(width, layers)
    claim = f"ReLU, {layers} layers of {width}: share that is dead at birth for one input"
    yield Finding(
        claim,
        "exact: 1 − (1 − 2⁻ⁿ)ᴸ",
        (exact - 0.02, exact + 0.02),
        float(dead.mean()),
        statistics.share(int(dead.sum()), len(dead)),
        note=f"exact {exact:.4f}, ± 0.02 accepted",
    )


def _glorot(data: xr.Dataset) -> Iterator[Finding]:
    part, depth = data.sel(activation="relu").isel(width=-1), data.sizes["layer"]
    he, glorot = (weight_gradient(part.sel(init=init)) for init in ("he_normal", "glorot_normal"))
    alive = (he[0] > 0) & (glorot[0] > 0)
    slope = np.log(glorot[0, alive] ** 2 / glorot[-1, alive] ** 2) / (depth - 1)
    spread = _exact_spread(int(part["width"]), depth)
    claim = "ReLU Glorot: log of the weight gradient's |·|², change per layer from the last to the first"
    note = (
        f"δ halves in every layer, and so do the activations the other way: they cancel; spread {spread:.2g}"
    )
    yield Finding(
        claim,
        "derived: flat over the layers, which “δ becomes so small” does not tell",
        (-0.02, 0.02),
        float(slope.mean()),
        statistics.bootstrap(slope, np.mean),
        note=note,
    )
    shrunk = glorot[:, alive] / he[:, alive] * 2 ** ((depth - 1) / 2)
    worst = float(np.max(np.abs(shrunk - 1)))
    claim = (
        f"ReLU: Glorot's weight gradient is 2^(−(L−1)/2) of He's in every layer, L = {depth}: largest "
        "relative error"
    )
    yield Finding(
        claim, "exact, same draws", (0.0, 1e-3), worst, (worst, worst), note="float32; every seed and layer"
    )


def _exact_spread(width: int, depth: int) -> float:
    return (depth - 1) * birth_laws.log_variance(width)


def _spread(data: xr.Dataset) -> Iterator[Finding]:
    for width in data["width"].values[[0, -1]]:
        first = data["first"].sel(activation="relu", init="he_normal", width=width).isel(depth=-1).values
        alive = 2 * np.log(first[first > 0])
        exact = _exact_spread(int(width), int(data["depth"].values[-1]))
        if len(alive) < 20 or exact == 0:
            return
        ratio = float(np.var(alive, ddof=1)) / exact
        low, high = (
            float(x) for x in statistics.bootstrap(alive, lambda x, axis: np.var(x, axis=axis, ddof=1))
        )
        claim = f"ReLU He, width {width}: variance of log |δ₁|² over seeds, relative to the exact law"
        note = (
            f"exact variance {exact:.3g}: nine seeds in ten lie within a factor "
            f"{np.exp(2 * 1.645 * exact**0.5):.2g}"
        )
        bounds = (low / exact, high / exact)
        yield Finding(claim, "exact; after Hanin 2018", (0.3, 2.0), ratio, bounds, note=note)


def first_failing(data: xr.Dataset, prefix: str, start: str) -> np.ndarray:
    """Per seed the first depth that does not learn at the best rate; infinite where all do."""
    loss = depth_training.best(data, prefix)[f"{prefix}_loss"].isel({f"{prefix}_epoch": -1})
    bound = LEARNT * float(data[f"{prefix}_constant"])
    failed = ~(loss.sel(start=start).transpose(f"{prefix}_seed", f"{prefix}_depth").values < bound)
    depths = data[f"{prefix}_depth"].values
    return np.where(failed.any(axis=1), depths[np.argmax(failed, axis=1)], np.inf)


def _in_training(data: xr.Dataset) -> Iterator[Finding]:
    epochs = data.sizes["deep_epoch"] - 1
    if epochs < SETTLED:
        return
    sources = {"sigmoid": (SIGMOID, (2, 30)), "relu": (ROBUST, (np.inf, np.inf))}
    for prefix, task in TASKS.items():
        depths = ", ".join(map(str, data[f"{prefix}_depth"].values))
        note = f"depths {depths}; best of {data.sizes['rate']} rates; median and range of the seeds"
        for start, (source, expected) in sources.items():
            failing = first_failing(data, prefix, start)
            claim = f"{task}, {epochs} epochs, {start}: first depth that learns nothing"
            span = float(failing.min()), float(failing.max())
            yield Finding(claim, source, expected, float(np.median(failing)), span, note=note)
    stall = depth_training.best(data, "stall")["stall_loss"].isel(stall_epoch=-1)
    constant, depth = float(data["deep_constant"]), data.sizes["stall_layer"]
    for init, expected in (
        ("he_normal", (0.0, LEARNT * constant)),
        ("glorot_normal", (constant - 0.02, constant + 0.02)),
    ):
        values = stall.sel(stall_init=init).values
        claim = f"{depth} ReLU layers of 64, {init}, {epochs} epochs: loss per row on the digits"
        span = float(values.min()), float(values.max())
        note = f"the best constant answer has {constant:.4f}; median and range of {len(values)} seeds"
        yield Finding(claim, "after He et al. 2015", expected, float(np.median(values)), span, note=note)
    if "remedy" in data.dims:
        yield from _helps(data)


def _helps(data: xr.Dataset) -> Iterator[Finding]:
    accuracy = depth_training.best(data, "remedy")["remedy_accuracy"].isel(remedy_epoch=-1)
    sse, entropy = (
        accuracy.sel(remedy=f"saturated outputs, {loss}").values for loss in ("SSE", "cross-entropy")
    )
    claim = "saturated outputs: accuracy with cross-entropy minus with SSE, same draws"
    gains = entropy - sse
    note = (
        "SSE's δ holds a(1 − a), which is 0 at a saturated node even if it is wrong; cross-entropy's does not"
    )
    span = float(gains.min()), float(gains.max())
    yield Finding(claim, "handout, footnote 8", (0.0, 1.0), float(np.median(gains)), span, note=note)


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Factors per layer beside theory, what helps, and what the time went into."""
    rows = []
    for width in data["width"].values:
        for activation in data["activation"].values:
            for init in data["init"].values:
                found = factors(data, width, activation, init)
                if found is not None and np.isfinite(found[0]).all():
                    low, high = statistics.bootstrap(found[0], np.mean)
                    measured = f"{found[0].mean():.4f} [{low:.4f}, {high:.4f}]"
                    rows.append([str(width), activation, init, measured, f"{found[1]:.4f}"])
    header = ("width", "activation", "init", "measured", "theory")
    shown: dict[str, Table] = {"Change of |δ|² per layer towards the input": (header, rows)}
    shown["What the time at birth goes into, widest networks"] = (("part", "share or speed"), _costs(data))
    if "remedy" in data.dims:
        best = depth_training.best(data, "remedy")
        accuracy = best["remedy_accuracy"].isel(remedy_epoch=-1)
        header = ("recipe", "test accuracy", "range", "rate")
        shown["What helps (digits)"] = (
            header,
            [_remedy(data, best, accuracy, name) for name in data["remedy"].values],
        )
    return shown


def _remedy(data: xr.Dataset, best: xr.Dataset, accuracy: xr.DataArray, name: str) -> list[str]:
    values = accuracy.sel(remedy=name).values
    rate = float(data["remedy_rate"].sel(remedy=name)[int(best["remedy_best"].sel(remedy=name))])
    return [name, f"{np.median(values):.1%}", f"{values.min():.1%} to {values.max():.1%}", f"{rate:g}"]


def _costs(data: xr.Dataset) -> list[list[str]]:
    seconds = {name: data.attrs[f"cost_{name}"] for name in ("compilation", "random", "whole", "draws")}
    return [
        [
            "random numbers",
            f"{seconds['random'] / seconds['whole']:.0%} of a run, {seconds['draws']:.2g} weights per second",
        ],
        ["products and the rest", f"{1 - seconds['random'] / seconds['whole']:.0%} of a run"],
        ["compilation, once", f"{seconds['compilation']:.1f} s"],
    ]
