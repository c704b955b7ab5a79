"""The benchmark's findings, which compare each aim with the measured ratio, and its tables."""

import itertools
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import xarray as xr

from experiments.benchmark.few import NAMED, OURS, OURS_IN_C
from experiments.benchmark.peers import FLOOR, NATIVE
from experiments.runner import expectations
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding

EXPECTED = expectations.of("benchmark")
FEWEST = 3
"""The fewest points from which a line shows how a cost grows."""


class Aim(NamedTuple):
    """An aim for the ratio of nnjax's speed to another method's speed on one network; see `EXPECTED`.

    Attributes:
        id: The finding's id.
        network: The network.
        method: The method.
        claim: What the ratio is.
        ours: Which of nnjax's views is compared; None for the view that a user gets.
    """

    id: str
    network: str
    method: str
    claim: str
    ours: str | None = None


PLAIN, BY_HAND = "plain JAX, jit(vmap(scan))", "PyTorch, batched by hand"
AIMS = (
    Aim("floor", "2-2-1", FLOOR, "share of the C program's speed"),
    Aim("floor-2-4-4-1", "2-4-4-1", FLOOR, "share of the C program's speed"),
    Aim("floor-2-16-1", "2-16-1", FLOOR, "share of the C program's speed"),
    Aim("floor-3-8-8-1", "3-8-8-1", FLOOR, "share of the C program's speed"),
    Aim("torch-func", "2-2-1", "torch.func, vmap", "times as fast as torch.func"),
    Aim("plain-jax-2-2-1", "2-2-1", PLAIN, "times as fast as plain JAX"),
    Aim("plain-jax-2-4-4-1", "2-4-4-1", PLAIN, "times as fast as plain JAX"),
    Aim("digits-shared-order", "digits, shared order", BY_HAND, "times as fast as PyTorch, batched by hand"),
    Aim("digits-own-order", "digits, own order", BY_HAND, "times as fast as PyTorch, batched by hand"),
    *(
        Aim(f"native-{name}", name, FLOOR, "the view in C++: share of the C program's speed", NATIVE)
        for name in ("2-2-1", "2-4-4-1", "2-16-1", "3-8-8-1")
    ),
    *(
        Aim(f"native-{name}", network, PLAIN, "the view in C++: times as fast as plain JAX", NATIVE)
        for name, network in {
            "shared-order": "digits, shared order",
            "own-order": "digits, own order",
            "784-30-10": "784-30-10",
            "784-100-10": "784-100-10",
        }.items()
    ),
)
PEAKS = {
    "peak-shared-order": "digits, shared order",
    "peak-own-order": "digits, own order",
    "peak-784-30-10": "784-30-10",
    "peak-784-100-10": "784-100-10",
}
"""{finding: network on which the view in C++ is compared with the machine's peak speed}"""


class Ratio(NamedTuple):
    """The median and the range of a value over the repeats."""

    median: float
    span: tuple[float, float]


def over_repeats(values: np.ndarray) -> Ratio:
    """Return the median of values (repeat,), and their range."""
    return Ratio(float(np.median(values)), (float(np.min(values)), float(np.max(values))))


def judged(id: str, claim: str, measured: Ratio, note: str) -> Finding:
    """Judge a median over the repeats, with their range as its interval."""
    return Finding(EXPECTED[id], claim, measured=measured.median, interval=measured.span, note=note)


def ratio(speed: xr.Dataset, network: str, method: str, ours: str | None = None) -> Ratio:
    """Compute nnjax's speed, in the view that a user gets or in `ours`, relative to another method's."""
    rates = speed["rate"].sel(network=network)
    return over_repeats(rates.sel(peer=ours or named(speed, network)).values / rates.sel(peer=method).values)


def named(speed: xr.Dataset, network: str) -> str:
    """Name the method that a user of nnjax gets: the view that `fastest_view` names."""
    return str(speed["named"].sel(network=network).values)


def medians(speed: xr.Dataset) -> xr.DataArray:
    """Compute the median speed over the repeats, (network, peer)."""
    return speed["rate"].median("repeat")


def drawable(data: xr.DataTree) -> list[str]:
    """List the figures that a run is large enough for; a line needs at least FEWEST points."""
    points = data["scaling"].sizes["seeds"], data["growth"].sizes["size"]
    is_large_enough = {"speed": bool(data["speed"].attrs["full"]), "growth": min(points) >= FEWEST}
    return [name for name, drawn in is_large_enough.items() if drawn]


def findings(data: xr.DataTree) -> list[Finding]:
    """Judge the aims at the full size by their ratios; the intervals are the ranges of the repeats."""
    speed = data["speed"].to_dataset()
    found: list[Finding] = []
    if speed.attrs["full"]:
        found += aim_findings(speed, data["alone"].to_dataset())
        found += peak_findings(speed, data["machine"].to_dataset())
        found += [*few_seeds(data["few"].to_dataset()), *one_network(data["one"].to_dataset())]
    found += [same_losses(speed), compilation(speed)]
    if "views" in data.children:
        found += view_findings(data["views"].to_dataset())
    if "million" in data.children:
        found += million_findings(data["million"].to_dataset())
    return found


def aim_findings(speed: xr.Dataset, alone: xr.Dataset) -> list[Finding]:
    """Judge nnjax's speed relative to its peers' speeds, for many seeds and for one network."""
    note = f"median and range of {speed.sizes['repeat']} repeats side by side"
    ratios = {
        aim: ratio(speed, aim.network, aim.method, aim.ours)
        for aim in AIMS
        if aim.network in speed["network"].values and (aim.ours is None or was_measured(speed, aim.network))
    }
    rates = {name: alone["rate"].sel(peer=name).values for name in ("nnjax.train, matrix", "PyTorch, loop")}
    one = Aim("alone", "one network alone", "PyTorch, loop", "times as fast as a PyTorch loop")
    ratios[one] = over_repeats(rates["nnjax.train, matrix"] / rates["PyTorch, loop"])
    return [judged(aim.id, f"{aim.network}: {aim.claim}", measured, note) for aim, measured in ratios.items()]


def was_measured(speed: xr.Dataset, network: str) -> bool:
    """Return whether the view in C++ was measured; it needs a compiler."""
    return NATIVE in speed["peer"] and bool(speed["rate"].sel(network=network, peer=NATIVE).notnull().all())


def peak_findings(speed: xr.Dataset, machine: xr.Dataset) -> Iterator[Finding]:
    """Judge the C++ view's share of the machine's peak speed in matrix products."""
    shares = speed["rate"] * speed["flops"] / float(machine["peak"].median())
    for id, network in PEAKS.items():
        if network in speed["network"].values and was_measured(speed, network):
            yield judged(
                id,
                f"{network}: the view in C++, share of the machine's peak speed in matrix products",
                over_repeats(shares.sel(network=network, peer=NATIVE).values),
                "drawing weights, ordering rows and two evaluations of the loss are included",
            )


def few_seeds(few: xr.Dataset) -> Iterator[Finding]:
    """Judge sweeps of 1, 10 and 100 seeds against plain JAX, on the network where nnjax does worst."""
    for view, seeds in itertools.product(few["view"].values, few["seeds"].values):
        ratios = few["ratio"].sel(view=view, seeds=seeds)
        worst = ratios.median("repeat").idxmin("network").item()
        id, where = (f"few-{seeds}", "") if view == NAMED else (f"few-native-{seeds}", "the view in C++, ")
        yield judged(
            id,
            f"{where}sweeps of few seeds ({seeds}): times as fast as plain JAX",
            over_repeats(ratios.sel(network=worst).values),
            f"the worse of {' and '.join(few['network'].values)}: {worst}",
        )


def one_network(one: xr.Dataset) -> Iterator[Finding]:
    """Judge `nnjax.train` of one network against the fastest of the other methods."""
    seconds = one["seconds"]
    ours = {OURS: ("one-network", ""), OURS_IN_C: ("one-network-native", " in C++")}
    there = [name for name in ours if name in seconds["peer"].values]
    best = seconds.drop_sel(peer=there).median("repeat").idxmin("peer").item()
    for name in there:
        id, where = ours[name]
        yield judged(
            id,
            f"one network trained alone{where} on the digits, 30 epochs: times as fast as the best peer",
            over_repeats(seconds.sel(peer=best).values / seconds.sel(peer=name).values),
            f"the best: {best}",
        )


def same_losses(speed: xr.Dataset) -> Finding:
    """Judge whether all methods do the same training."""
    worst = float(speed["loss_difference"].max())
    return Finding(
        EXPECTED["same-losses"],
        "all methods reach the same losses: largest relative difference",
        measured=worst,
        interval=(worst, worst),
        note="4 seeds; 20 updates on XOR, an epoch on the digits",
    )


def compilation(speed: xr.Dataset) -> Finding:
    """Return the longest compilation that a user sees: the first call's time minus a later call's time."""
    seconds = {}
    for network in speed["network"].values:
        at = {"network": network, "peer": named(speed, network)}
        later = float(speed["seed_steps"].sel(at)) / float(medians(speed).sel(at))
        seconds[str(network)] = float(speed["first"].sel(at)) - later
    worst = max(seconds, key=lambda network: seconds[network])
    return Finding(
        EXPECTED["compilation"],
        "compilation of a training program by XLA, the longest of these networks",
        measured=seconds[worst],
        interval=(seconds[worst], seconds[worst]),
        unit="s",
        note=worst,
    )


def view_findings(views: xr.Dataset) -> Iterator[Finding]:
    """Judge `fastest_view`'s choice on the network where it does worst, for 4 rows and for more rows."""
    few = views["rows"].values == 4
    yield worst_view("views-4-rows", "4 rows", views.isel(case=few))
    yield worst_view("views-batches", "batches of 10 rows and more", views.isel(case=~few))


def worst_view(id: str, where: str, views: xr.Dataset) -> Finding:
    """Judge the smallest ratio of the named view's speed to the speed of the best other view."""
    ratios = views["ratio"].transpose("case", "repeat").values
    typical = np.median(ratios, axis=1)
    worst = int(np.argmin(typical))
    return judged(
        id,
        f"the view that fastest_view names, {where}: smallest ratio to the speed of the best other view",
        over_repeats(ratios[worst]),
        f"{views['case'].values[worst]}; median of the networks: {np.median(typical):.2f}",
    )


def million_findings(million: xr.Dataset) -> Iterator[Finding]:
    """Judge how much time and memory a million networks take."""
    for name, what in (
        ("seconds", "seconds, compilation included"),
        ("peak_memory", "peak memory"),
    ):
        value = float(million[name])
        yield Finding(
            EXPECTED[f"million-{name.replace('_', '-')}"],
            f"a million networks, 5000 steps each: {what}",
            measured=value,
            interval=(value, value),
            unit=million[name].attrs["units"],
        )


def short(value: float) -> str:
    """Format with two significant digits and no exponent: 0.83, 5.6, 31000."""
    return f"{float(f'{value:.2g}'):.10g}"


def tables(data: xr.DataTree) -> Mapping[str, Table]:
    """Tabulate speeds, nnjax's speed-up, and its share of the machine's peak."""
    speed, machine = data["speed"].to_dataset(), data["machine"].to_dataset()
    peak = float(machine["peak"].median())
    about = "{description}; {versions}; missing: {missing}".format(
        **machine.attrs | {"missing": machine.attrs["missing"] or "nothing"}
    )
    return {
        f"Speed on {about}": speed_table(speed),
        f"Share of the peak speed for matrix products, {peak / 1e9:.0f} GFLOP/s": share_table(speed, peak),
    }


def speed_table(speed: xr.Dataset) -> Table:
    """Tabulate every method that was measured, by network."""
    rows, rates = [], medians(speed)
    for network in speed["network"].values:
        for method in rates.sel(network=network).dropna("peer")["peer"].values:
            at = {"network": network, "peer": method}
            times, (low, high) = ratio(speed, network, method)
            first = float(speed["first"].sel(at))
            span = f"{short(times)} [{short(low)}, {short(high)}]"
            shown = f"{first:.1f}" if np.isfinite(first) else ""
            rows.append([str(network), str(method), f"{float(rates.sel(at)):.2g}", span, shown])
    return ("network", "method", "seed-steps/s", "nnjax is × as fast", "first call, s"), rows


def share_table(speed: xr.Dataset, peak: float) -> Table:
    """Tabulate the share of the machine's peak, in FLOP/s, by network."""
    shares, rows = medians(speed) * speed["flops"] / peak, []
    for network in speed["network"].values:
        ours = [named(speed, network), *([NATIVE] if was_measured(speed, network) else [])]
        for method in ours:
            rows.append([str(network), method, f"{float(shares.sel(network=network, peer=method)):.1%}"])
    return ("network", "method", "share"), rows
