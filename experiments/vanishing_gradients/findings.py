"""What the vanishing-gradients experiment finds, and its tables; the exact laws are judged in birth_laws."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.runner import findings as claims
from experiments.runner import statistics
from experiments.runner.experiment import Finding, Table
from experiments.vanishing_gradients import at_birth as birth
from experiments.vanishing_gradients import exact_laws as birth_laws
from experiments.vanishing_gradients.training import LEARNT, RATES, TASKS, best, first_failing, last

SMALLER = "handout: “the value of δ is substantially smaller than what it was at the output nodes”"
NEGLIGIBLE = "handout: “δ becomes so small that weight changes are negligible”"
DEEP = "handout: “deep networks can run into vanishing gradients”"
ROBUST = "handout: “ReLU is far more robust … one of the reasons for its success”"
ROUNDING = 2.0**-24
"""Half the spacing of float32 numbers, relative to them: a smaller change of a weight is no change."""
EDGE = 3
"""Layers left out next to the input, where the mean squares have not settled yet, and one at the output."""
WIDE = 256
"""Width from which wide-network theory is held to 2 %."""
TOLERANCE = 0.02
SETTLED = 5
"""Epochs below which nothing is said about training."""
FAILS = {("deep", "sigmoid"): (2, 5), ("iris", "sigmoid"): (2, 10)}
"""By which depth the sigmoid is expected to fail; ReLU is expected never to."""
HELPS = (0.1, 1.0)
"""Test accuracy that a remedy must add to be called one."""


def findings(data: xr.Dataset) -> list[Finding]:
    """The handout's sentences, the theory's laws, and what training shows."""
    trained = _in_training(data) if data.sizes["deep_epoch"] > SETTLED else ()
    return [*_at_birth(data), *_theory(data), *birth_laws.findings(data), *trained]


def _at_birth(data: xr.Dataset) -> Iterator[Finding]:
    yield claims.median(
        "the handout's 3-4-1 sigmoid network: |δ of h₁| is less than half of the output's |δ|",
        SMALLER,
        (0.0, 0.5),
        data["handout"].values,
        note="node against node; N(0, 1) weights, the handout's row; median over networks, smaller in "
        f"{np.mean(data['handout'].values < 0.5):.1%} of them; with its own weights 0.05, printed as 0.13",
    )
    depth = data.sizes["layer"]
    if depth > 1:
        yield from _one_below(data)
    if depth >= 20:
        yield from _negligible(data)
    if depth >= 10:
        yield from _against(data)


def _deepest(data: xr.Dataset, activation: str, init: str) -> tuple[int, np.ndarray] | None:
    """Width and |δₗ| / |δ_L|, (layer, seed), of the widest network of this kind; None if it was not drawn."""
    if activation not in data["activation"].values or init not in data["init"].values:
        return None
    part = data["delta"].sel(activation=activation, init=init).dropna("width", how="any")
    if not part.sizes["width"]:
        return None
    part = part.isel(width=-1)
    return int(part["width"]), part.transpose("layer", "seed").values


def _one_below(data: xr.Dataset) -> Iterator[Finding]:
    cases = {
        ("sigmoid", "lecun_normal"): "so for sigmoid with the usual initial weights",
        ("sigmoid", "normal"): "the handout's N(0, 1) weights: in wide layers the few nodes that are not "
        "saturated have large weights",
        ("relu", "he_normal"): "not so for ReLU with He's weights",
    }
    for case, note in cases.items():
        found = _deepest(data, *case)
        if found is not None:
            width, delta = found
            yield claims.median(
                f"{' '.join(case)}: length of δ one layer below the output is less than half",
                SMALLER,
                (0.0, 0.5),
                delta[-2] / delta[-1],
                note=f"{note}; length of a layer's δ at equal widths {width}, median over seeds",
            )


def _negligible(data: xr.Dataset) -> Iterator[Finding]:
    """Change of the first weights at α = 1, |δ₁| = |ΔW₁|/|W₁| for unit-variance inputs, against rounding."""
    for case in (("sigmoid", "lecun_normal"), ("relu", "he_normal"), ("tanh", "orthogonal")):
        found = _deepest(data, *case)
        if found is not None:
            width, delta = found
            yield claims.median(
                f"{' '.join(case)}: {len(delta)} layers, |δ₁|/|δ_L| is below float32's rounding",
                NEGLIGIBLE,
                (0.0, ROUNDING),
                delta[0],
                note=f"width {width}; at α = 1 the first weights' relative change is about this",
            )


def _against(data: xr.Dataset) -> Iterator[Finding]:
    sigmoid, relu = (_deepest(data, name, "he_normal") for name in ("sigmoid", "relu"))
    if sigmoid is None or relu is None or sigmoid[0] != relu[0]:
        return
    width, layers = relu[0], len(relu[1])
    there = (relu[1][0] > 0) & (sigmoid[1][0] > 0)
    if there.any():
        yield claims.median(
            f"same draws, {layers} layers: ReLU's |δ₁| over sigmoid's, orders of magnitude",
            ROBUST,
            (1.0, np.inf),
            np.log10(relu[1][0, there] / sigmoid[1][0, there]),
            note=f"He's weights, width {width}; in {np.mean(~there):.0%} of the seeds one of them was 0",
        )


def factors(data: xr.Dataset, width: int, activation: str, init: str) -> tuple[np.ndarray, float] | None:
    """Per seed the mean of |δₗ|²/|δₗ₊₁|² over inner layers, and mean-field theory's.

    None with too few layers between what is too small and what is too large for float32.
    """
    part = data.sel(width=width, activation=activation, init=init)
    delta, ratio = (part[name].transpose("layer", "seed").values for name in ("delta", "ratio"))
    inner = np.arange(EDGE, len(delta) - 2)
    # Every input's ratio is there, and far from what float32 cannot hold.
    inner = inner[np.all((delta[inner] > 1e-30) & np.isfinite(ratio[inner]), axis=1)]
    if len(inner) < 2 or not np.isfinite(part["size"]).all():
        return None
    squares = part["predicted"].values
    return ratio[inner].mean(axis=0), float(np.mean(squares[inner] / squares[inner + 1]))


def _theory(data: xr.Dataset) -> Iterator[Finding]:
    width = int(data["width"].values[-1])
    if width >= WIDE and data.sizes["layer"] > EDGE + 3:
        yield _chi(data, width)
    for name, ratios, theory in zip(
        data["uneven"].values, data["unequal"].values, data["unequal_theory"].values, strict=True
    ):
        yield claims.mean(
            f"the factor χ at widths {'-'.join(map(str, birth_laws.UNEQUAL))}, {name}: relative error",
            "theory: χ whatever the widths, for variances 1/in",
            (-0.1, 0.1),
            np.mean(ratios / theory - 1, axis=1),
            note="mean over layers and seeds; 10 %, since its layers are narrow",
        )


def _chi(data: xr.Dataset, width: int) -> Finding:
    errors, lost = {}, []
    drawn = [init for init in data["init"].values if data["size"].sel(width=width, init=init).notnull().any()]
    for label, init in birth.distinct(drawn, width).items():
        for activation in data["activation"].values:
            found = factors(data, width, activation, init)
            if found is None:
                lost.append(f"{activation} {label}")
            else:
                errors[f"{activation} {label}"] = statistics.bootstrap(found[0] / found[1] - 1, np.mean)
    furthest = {name: max(map(abs, interval)) for name, interval in errors.items()}
    outside = [f"{name} {furthest[name]:.1%}" for name in furthest if furthest[name] > TOLERANCE]
    return claims.exact(
        "|δ|² changes per layer by mean-field theory's χ: conditions whose interval leaves χ ± 2 %",
        "Schoenholz et al. 2017",
        (0, 0),
        len(outside),
        note=f"{', '.join(outside) or 'none'} of {len(errors)} conditions at width {width}; no interval goes "
        f"beyond {max(furthest.values(), default=np.nan):.1%}; left out, too large for float32: "
        f"{', '.join(lost) or 'none'}",
    )


def _in_training(data: xr.Dataset) -> Iterator[Finding]:
    """Intervals span all seeds, which are few."""
    for prefix in TASKS:
        yield from _failing(data, prefix)
    if 5 in data["deep_depth"].values:
        yield from _five(data)
    yield from _stall(data)
    if "remedy" in data.dims:
        yield from _remedies(data)


def _spanning(claim: str, source: str, expected: claims.Bounds, values: np.ndarray, note: str) -> Finding:
    span = float(values.min()), float(values.max())
    note = f"{note}; median and range of {len(values)} seeds"
    return Finding(claim, source, expected, float(np.median(values)), span, note=note)


def _failing(data: xr.Dataset, prefix: str) -> Iterator[Finding]:
    epochs, depths = data.sizes[f"{prefix}_epoch"] - 1, ", ".join(map(str, data[f"{prefix}_depth"].values))
    note = f"loss above {LEARNT} of the best constant answer's; depths {depths}; best of {len(RATES)} rates"
    for start, source in {"sigmoid": DEEP, "relu": ROBUST}.items():
        yield _spanning(
            f"{TASKS[prefix]}, {start}: first depth not learnt within {epochs} epochs",
            source,
            FAILS.get((prefix, start), (np.inf, np.inf)),
            first_failing(data, prefix, start),
            note,
        )


def _five(data: xr.Dataset) -> Iterator[Finding]:
    epochs, constant = data.sizes["deep_epoch"] - 1, float(data["deep_constant"])
    for start, source, expected in (("sigmoid", DEEP, (0.98, 1.02)), ("relu", ROBUST, (0.0, 0.5))):
        yield _spanning(
            f"digits, 5 layers, {start}, {epochs} epochs: loss over the best constant answer's",
            source,
            expected,
            last(data, "deep", "loss", start=start, deep_depth=5) / constant,
            f"1: nothing is learnt; best of {len(RATES)} rates",
        )


def _stall(data: xr.Dataset) -> Iterator[Finding]:
    constant, layers = float(data["stall_constant"]), data.sizes["stall_layer"]
    expected = {"he_normal": (0.0, LEARNT * constant), "glorot_normal": (constant - 0.02, constant + 0.02)}
    for init, bounds in expected.items():
        yield _spanning(
            f"digits, {layers} ReLU layers, {init}, {data.sizes['stall_epoch'] - 1} epochs: loss per row",
            "after He et al. 2015",
            bounds,
            last(data, "stall", "loss", stall_init=init),
            f"the best constant answer has {constant:.4f}; best of {len(RATES)} rates",
        )


def _remedies(data: xr.Dataset) -> Iterator[Finding]:
    names = [str(name) for name in data["remedy"].values]
    accuracy = dict(zip(names, last(data, "remedy", "accuracy"), strict=True))
    plain, *others, saturated, entropy = names
    for name in others:
        yield _spanning(
            f"{name}: test accuracy gained over “{plain}”",
            "advice: init, activation, biases, rate" if name != "ReLU, He" else ROBUST,
            HELPS,
            accuracy[name] - accuracy[plain],
            f"digits, same seeds; a remedy adds {HELPS[0]} or more",
        )
    yield _spanning(
        "saturated outputs: test accuracy with cross-entropy minus with SSE",
        "handout, footnote 8: “stick to SSE for simplicity”",
        HELPS,
        accuracy[entropy] - accuracy[saturated],
        "same draws; SSE's δ holds a(1 − a), 0 at a node saturated and wrong; cross-entropy's does not",
    )


def tables(data: xr.Dataset) -> Mapping[str, Table]:
    """Factors per layer beside theory, the shares of nodes that pass nothing down, and what helps."""
    rows = [
        [str(width), activation, label, *_row(data, width, activation, init)]
        for width in data["width"].values
        for label, init in birth.distinct(data["init"].values, int(width)).items()
        for activation in data["activation"].values
        if data["size"].sel(width=width, activation=activation, init=init).notnull().any()
    ]
    header = ("width", "activation", "init", "measured", "theory", "dead nodes", "saturated nodes")
    shown: dict[str, Table] = {"Change of |δ|² per layer towards the input": (header, rows)}
    if "remedy" in data.dims:
        header = ("recipe", "test accuracy", "range", "best rate", "rates tried")
        shown["What helps (digits)"] = (header, _helping(data))
    return shown


def _row(data: xr.Dataset, width: int, activation: str, init: str) -> list[str]:
    found = factors(data, width, activation, init)
    part = data.sel(width=width, activation=activation, init=init)
    shares = [f"{float(part[name].mean()):.1%}" for name in ("dead", "saturated")]
    if found is None:
        dead = bool(np.isfinite(part["size"]).all() and (part["size"] == 0).any())
        return ["some networks are dead" if dead else "beyond float32", "", "", ""]
    low, high = statistics.bootstrap(found[0], np.mean)
    return [f"{found[0].mean():.4f} [{low:.4f}, {high:.4f}]", f"{found[1]:.4f}", *shares]


def _helping(data: xr.Dataset) -> list[list[str]]:
    chosen, accuracy = best(data, "remedy")["remedy_rate"].values, last(data, "remedy", "accuracy")
    rows = zip(data["remedy"].values, accuracy, chosen, data["remedy_rate"].values, strict=True)
    return [
        [
            name,
            f"{np.median(values):.1%}",
            f"{values.min():.1%} to {values.max():.1%}",
            f"{rate:g}",
            ", ".join(f"{each:g}" for each in tried),
        ]
        for name, values, rate, tried in rows
    ]
