"""Findings on whether δ in an untrained network shows that the network can be trained."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.expectations import Expectation
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, measured
from experiments.trainability.orthogonal import GAUSSIAN, KINDS, ORTHOGONAL
from experiments.trainability.theory import CONSTANT

EXPECTED = expectations.of("trainability")
LEARNT, HALF = 0.9, 0.5
"""Shares of the best constant's loss: a network below LEARNT has trained; HALF is for comparing speeds."""
FEWEST = 3
"""The fewest seeds from which anything is concluded."""


def trained(maps: xr.Dataset) -> xr.DataArray:
    """Return whether a network learns at one of the rates, (activation, depth, seed, place)."""
    return (maps["loss"] < LEARNT).any("rate")


def layers_in_scales(maps: xr.Dataset) -> xr.DataArray:
    """Return the number of hidden layers divided by ξ, (activation, depth, place)."""
    return maps["depth"] / maps["xi"]


def constants(lengths: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Find, for each seed, the c for which "trains if it has at most c ξ layers" is right most often, (s,).

    If several c are equally good, the result is the geometric mean of the smallest and the largest.

    Args:
        lengths: Hidden layers divided by ξ, for each network (k,), above 0.
        trained: Whether the network trains, (s, k).
    """
    order = np.sort(lengths)
    tried = np.sqrt(np.append(order[0] / 2, order) * np.append(order, order[-1] * 2))
    right = np.mean((lengths[None] <= tried[:, None])[None] == trained[:, None], axis=2)
    best = right == right.max(axis=1, keepdims=True)
    logs = [(np.log(tried[each]).min() + np.log(tried[each]).max()) / 2 for each in best]
    return np.exp(np.array(logs))


def right_share(maps: xr.Dataset, activation: str) -> np.ndarray:
    """Return the share (s,) of the cells in which training turns out as the rule of 6 ξ predicts."""
    part = maps.sel(activation=activation)
    said = layers_in_scales(part) <= CONSTANT
    return (said == trained(part)).mean(("depth", "place")).transpose("seed").values


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the map of each activation, the constant, both sides of criticality, and orthogonal weights."""
    maps, isometry, linear = (data[name].to_dataset() for name in ("maps", "isometry", "linear"))
    if maps.sizes["seed"] < FEWEST:
        return []
    return [*_maps(maps), *_sides(maps), *_orthogonal(isometry), *_linear(linear)]


def _maps(maps: xr.Dataset) -> Iterator[Finding]:
    for activation in map(str, maps["activation"].values):
        shares = right_share(maps, activation)
        yield _share(
            EXPECTED[f"share-{activation}"],
            f"{activation}: share of the map, σ_w² by depth, that agrees with the rule that networks of at "
            f"most {CONSTANT} ξ hidden layers train and deeper ones do not",
            shares,
            _cells(maps) * len(shares),
            note=f"{_cells(maps)} cells",
        )
        yield from _constant(maps, activation)


def _share(expectation: Expectation, claim: str, shares: np.ndarray, networks: int, *, note: str) -> Finding:
    """Judge the mean of the seeds' shares, (s,), by Student's interval, cut off at 0 and 1.

    If the share is 0 or 1 for every seed, use Wilson's interval for this number of `networks` instead.
    """
    value, note = float(np.mean(shares)), f"{note}; mean over {len(shares)} seeds"
    if value in (0, 1):
        low, high = statistics.share(round(value * networks), networks)
        note = f"{note}, all the same; interval from the number of networks"
        return measured(expectation, claim, value, (low, high), note=note)
    low, high = np.clip(statistics.of_mean(shares), 0, 1)
    return measured(expectation, claim, value, (low, high), note=note)


def _cells(maps: xr.Dataset) -> int:
    return maps.sizes["depth"] * maps.sizes["place"]


def vanishing(maps: xr.Dataset, activation: str) -> tuple[np.ndarray, np.ndarray]:
    """Return layers divided by ξ (k,) where δ vanishes (χ < 1), and whether networks train there (s, k)."""
    part = maps.sel(activation=activation)
    part = part.isel(place=np.flatnonzero(part["chi"].values < 1))
    lengths = layers_in_scales(part).transpose("depth", "place").values.ravel()
    hits = trained(part).transpose("seed", "depth", "place").values
    return lengths, hits.reshape(len(hits), -1)


def _constant(maps: xr.Dataset, activation: str) -> Iterator[Finding]:
    lengths, hits = vanishing(maps, activation)
    if not len(lengths) or hits.all() or not hits.any():
        return
    logs = np.log(constants(lengths, hits))
    low, high = statistics.of_mean(logs)
    yield measured(
        EXPECTED[f"constant-{activation}"],
        f"{activation}, where δ vanishes: depth up to which networks train, in ξ",
        np.exp(logs.mean()),
        (np.exp(low), np.exp(high)),
        note=f"geometric mean of {len(logs)} seeds, {np.exp(logs.min()):.3g} to {np.exp(logs.max()):.3g}; "
        f"{len(lengths)} cells; trained for {maps.attrs['epochs']} epochs",
    )


def _sides(maps: xr.Dataset) -> Iterator[Finding]:
    within, vanishes = layers_in_scales(maps) <= CONSTANT, maps["chi"] < 1
    hits = trained(maps)
    cases = {
        "trains-within": (
            within & vanishes,
            hits,
            f"δ vanishes, at most {CONSTANT} ξ layers: share that trains",
        ),
        "fails-beyond": (
            ~within & vanishes,
            ~hits,
            f"δ vanishes, more than {CONSTANT} ξ layers: share that fails",
        ),
        "fails-exploding": (
            ~within & (maps["chi"] > 1),
            ~hits,
            f"δ explodes, more than {CONSTANT} ξ layers: share that fails",
        ),
    }
    for id, (where, happens, claim) in cases.items():
        if not where.any():
            continue
        shares = happens.where(where).mean(("activation", "depth", "place")).values
        yield _share(
            EXPECTED[id],
            f"all activations together: {claim}",
            shares,
            int(where.sum()) * len(shares),
            note=f"{int(where.sum())} of {where.size} cells",
        )


def waits(isometry: xr.Dataset, weights: str) -> np.ndarray:
    """Count the epochs until the loss is below half the best constant's, (seed, rate); one more if never."""
    loss = isometry["loss"].sel(weights=weights).transpose("seed", "rate", "epoch").values
    below = loss < HALF
    return np.where(below.any(axis=2), below.argmax(axis=2), loss.shape[2])


def _orthogonal(isometry: xr.Dataset) -> Iterator[Finding]:
    (gaussian, one), (orthogonal, other) = (
        statistics.at_best(-np.log(waits(isometry, weights))) for weights in (GAUSSIAN, ORTHOGONAL)
    )
    low, high = statistics.of_mean(orthogonal - gaussian)
    rates = isometry["rate"].values
    yield measured(
        EXPECTED["orthogonal-speed"],
        f"tanh, σ_w² = 1, {isometry.attrs['depth']} hidden layers: epochs until half the best constant's "
        "loss, ratio of Gaussian to orthogonal weights",
        np.exp(np.mean(orthogonal - gaussian)),
        (np.exp(low), np.exp(high)),
        note=f"geometric means {np.exp(-gaussian.mean()):.3g} and {np.exp(-orthogonal.mean()):.3g} of "
        f"{isometry['epoch'].values[-1]} epochs, each at its best rate ({statistics.either(rates, one)}; "
        f"{statistics.either(rates, other)}); {len(gaussian)} seeds, paired",
    )


def _linear(linear: xr.Dataset) -> Iterator[Finding]:
    depths = [int(depth) for depth in linear["depth"].values]
    both = {weights: [waits(linear.sel(depth=depth), weights) for depth in depths] for weights in KINDS}
    (shallow, one), (deep, other) = (statistics.at_best(-np.log(both[ORTHOGONAL][end])) for end in (0, -1))
    low, high = statistics.of_mean(shallow - deep)
    rates, most = linear["rate"].values, int(linear["epoch"].values[-1])
    reached = (both[GAUSSIAN][-1] <= most).mean(axis=0).max()
    yield measured(
        EXPECTED["linear-depth"],
        f"linear networks from orthogonal weights: updates until half the best constant's loss, "
        f"ratio of {depths[-1]} to {depths[0]} hidden layers",
        np.exp(np.mean(shallow - deep)),
        (np.exp(low), np.exp(high)),
        note=f"geometric means {np.exp(-deep.mean()):.3g} and {np.exp(-shallow.mean()):.3g} of {most} "
        f"updates, each at its best rate ({statistics.either(rates, other)}; "
        f"{statistics.either(rates, one)}); {len(deep)} seeds, paired; from Gaussian weights {reached:.0%} "
        f"of them reach this loss with {depths[-1]} layers at any of these rates (others diverge or are "
        "slower)",
    )


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate the share of networks that train, by variance and depth, beside 6 ξ."""
    maps = data["maps"].to_dataset()
    rows = []
    for activation in map(str, maps["activation"].values):
        part = maps.sel(activation=activation)
        shares = trained(part).mean("seed").transpose("place", "depth").values
        for place, share in enumerate(shares):
            chi, xi = float(part["chi"][place]), float(part["xi"][place])
            cells = f"{float(part['variance'][place]):.3g}", f"{chi:.3g}", f"{CONSTANT * xi:.3g}"
            rows.append([activation, *cells, *(f"{value:.0%}" for value in share)])
    depths = [f"{depth} layers" for depth in maps["depth"].values]
    return {"Share of the networks that train": (("activation", "σ_w²", "χ", f"{CONSTANT} ξ", *depths), rows)}
