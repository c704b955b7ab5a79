"""The benchmark's verdicts, ratios and tables on a made-up result."""

import pytest
import xarray as xr

from experiments.benchmark.findings import findings, ratio, short, tables
from experiments.benchmark.peers import FLOOR


def by_id(data):
    return {finding.id: finding for finding in findings(data)}


def test_verdicts(data):
    assert {id: finding.verdict for id, finding in by_id(data).items()} == {
        "floor": "differs",
        "floor-2-4-4-1": "undecided",
        "few-1": "differs",
        "few-10": "agrees",
        "few-100": "differs",
        "few-native-1": "differs",
        "few-native-10": "differs",
        "few-native-100": "differs",
        "one-network": "agrees",
        "torch-func": "agrees",
        "plain-jax-2-2-1": "agrees",
        "plain-jax-2-4-4-1": "differs",
        "digits-shared-order": "agrees",
        "native-2-2-1": "differs",
        "native-2-4-4-1": "undecided",
        "native-shared-order": "differs",
        "peak-shared-order": "differs",
        "alone": "agrees",
        "same-losses": "agrees",
        "compilation": "differs",
        "views-4-rows": "agrees",
        "views-batches": "differs",
        "million-seconds": "agrees",
        "million-peak-memory": "differs",
    }


def test_what_is_measured(data):
    found = by_id(data)
    # The ratios are 200, 400 and 600 seed-steps per second over the C program's 1000.
    assert (found["floor"].measured, found["floor"].interval) == (0.4, (0.2, 0.6))
    assert (found["alone"].measured, found["alone"].interval) == (650.0, (600.0, 700.0))
    # The first call takes 20 s; later ones do 4 seed-steps at a median of 4 per second.
    assert (found["compilation"].measured, found["compilation"].note) == (19.0, "2-4-4-1")
    assert found["views-batches"].note == "13-8-1, 10 rows, one order; median of the networks: 1.20"
    assert found["views-batches"].interval == (0.5, 0.7)
    assert found["million-seconds"].unit == "s"
    assert [found[f"few-{seeds}"].measured for seeds in (1, 10, 100)] == [0.1, 0.9, 0.7]
    assert [found[f"few-native-{seeds}"].measured for seeds in (1, 10, 100)] == [0.2] * 3
    assert found["few-10"].note == "the worse of 2-2-1 and digits: digits"
    assert (found["one-network"].measured, found["one-network"].interval) == (1.5, (1.0, 2.0))
    assert found["one-network"].note == "the best: fast"


def test_without_a_compiler_the_view_in_c_is_not_judged(data):
    data["speed"]["rate"].loc[{"peer": "nnjax, C++"}] = float("nan")
    assert not [id for id in by_id(data) if id.startswith(("native", "peak"))]


def test_one_network_in_c(data):
    one = data["one"].to_dataset()
    data["one"] = xr.concat(
        [one, one.sel(peer=["fast"]).assign_coords(peer=["nnjax.train, C++"]) / 4], "peer"
    )
    found = by_id(data)
    assert (found["one-network-native"].measured, found["one-network"].measured) == (4.0, 1.5)


def test_smaller_sizes_are_not_held_to_the_aims(data):
    small = data.copy()
    small["speed"] = data["speed"].to_dataset().assign_attrs(full=0)
    few = xr.DataTree.from_dict(
        {name: small[name].to_dataset() for name in small.children if name not in ("views", "million")}
    )
    assert set(by_id(few)) == {"same-losses", "compilation"}


def test_the_ratio_is_of_the_view_that_is_named(data):
    speed = data["speed"].to_dataset()
    assert ratio(speed, "2-2-1", FLOOR).median == 0.4
    assert ratio(speed, "2-4-4-1", "NumPy, loop") == (2.0, (2.0, 2.0))
    assert ratio(speed, "digits, shared order", "nnjax, matrix") == (1.5, (1.5, 1.5))


def test_tables(data):
    (title, (header, rows)), (share_title, (_, shares)) = tables(data).items()
    assert title == "Speed on a machine; jax 1; missing: nothing"
    assert {len(row) for row in rows} == {len(header)}
    # A method that was not measured has no row.
    assert not [row for row in rows if row[:2] == ["2-4-4-1", FLOOR]]
    assert ["2-2-1", FLOOR, "1e+03", "0.4 [0.2, 0.6]", "9.0"] in rows
    assert share_title == "Share of the peak speed for matrix products, 2 GFLOP/s"
    named = ["nnjax, node by node", "nnjax, matrix", "nnjax, columns"]
    assert [row[1] for row in shares] == [name for each in named for name in (each, "nnjax, C++")]
    # The median speed is 2 seed-steps per second, of 30 FLOP each.
    assert shares[-1] == ["digits, shared order", "nnjax, C++", f"{2 * 30 / 2e9:.1%}"]


@pytest.mark.parametrize("value, text", [(0.834, "0.83"), (5.61, "5.6"), (31234, "31000")])
def test_short(value, text):
    assert short(value) == text
