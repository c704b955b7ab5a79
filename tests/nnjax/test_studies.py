"""A study equals its sweeps, with labels added."""

import functools
import importlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import standin

import nnjax
from nnjax.sweeps import devices, jobs, workers

NETWORK = nnjax.mlp((2, 3, 1))
SEEDS = range(3)
GRID = nnjax.grid(rate=np.float32([0.5, 2.0]), scale=np.float32([1.0, 2.0, 3.0]))
STATIC = {"weights": ["normal", "xavier"], "power": {"one": 1, "two": 2}}
pytestmark = pytest.mark.usefixtures("without_shape_checks", "two_devices")


def norms(key, rate, scale, weights="normal", power=1):
    params = nnjax.init(NETWORK, key, weights, scale=scale)
    length = jnp.linalg.norm(params[0].weights)
    return {"length": rate * length**power, "shape": {"of": params[0].weights}}


study = functools.partial(nnjax.study, norms, lane=2)


def test_a_grid_is_the_product_of_its_lists():
    assert GRID["rate"].tolist() == [0.5, 0.5, 0.5, 2, 2, 2]
    assert GRID["scale"].tolist() == [1, 2, 3, 1, 2, 3]
    assert GRID["rate"].dtype == np.float32


@pytest.fixture(scope="module")
def data():
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:1])
        return study(SEEDS, STATIC, GRID, dims={"shape_of": ("input", "node")}, units={"length": "m"})


def test_dimensions_are_named(data):
    assert data.length.dims == ("weights", "power", "seed", "rate", "scale")
    assert data.shape_of.dims == (*data.length.dims, "input", "node")
    assert (data.length.attrs, data.shape_of.attrs) == ({"units": "m"}, {"units": "1"})
    assert data.power.values.tolist() == ["one", "two"]
    assert data.attrs["function"].endswith("norms")
    assert data.attrs["jax"] == jax.__version__


@pytest.mark.parametrize("weights", STATIC["weights"])
def test_values_are_those_of_the_sweeps(data, weights):
    fn = functools.partial(norms, weights=weights, power=2)
    expected = nnjax.sweep(fn, SEEDS, GRID, lane=2)["length"].reshape(3, 2, 3)
    np.testing.assert_array_equal(data.length.sel(weights=weights, power="two"), expected)
    alone = nnjax.sweep(fn, [1], {"rate": np.float32([2.0]), "scale": np.float32([3.0])}, lane=2)["length"]
    assert float(data.length.sel(weights=weights, power="two", seed=1, rate=2.0, scale=3.0)) == alone.item()


def test_the_device_is_that_of_the_workers(monkeypatch):
    pytest.importorskip("cloudpickle")
    kinds = iter(["Node A", "Node A", "Node B", "Node B"])

    def elsewhere(order, columns, answer=workers._answer):
        with monkeypatch.context() as patch:
            patch.setattr(workers, "_looked_at", {})
            patch.setattr(devices, "kind", lambda: next(kinds))
            return answer(order, columns)

    monkeypatch.setattr(workers, "_answer", elsewhere)
    static, executor = {"power": [1, 2]}, nnjax.Workers(standin.Inline(), tasks=1)
    data = nnjax.study(of_power, [1, 2], static, lane=2, executor=executor)
    assert data.attrs["device"] == "Node A; Node B"
    assert data.attrs["jax"] == jax.__version__


def test_plain_settings_and_bare_results():
    data = nnjax.study(lambda key, a: a + 0 * jax.random.uniform(key, dtype=jnp.float32), [5, 2],
                       settings={"a": np.float32([1, 4])}, lane=2)  # fmt: skip
    assert data.result.dims == ("seed", "setting")
    assert data.a.values.tolist() == [1, 4]
    assert data.seed.values.tolist() == [5, 2]
    bare = nnjax.study(lambda key: (jax.random.key_data(key), key), [1], lane=2)
    assert bare.result_0.dims == ("seed", "result_0_0")
    np.testing.assert_array_equal(bare.result_0, bare.result_1)


def test_more_of_everything_is_added_to_a_folder(tmp_path, monkeypatch):
    counts, right = [], jobs.in_lanes
    monkeypatch.setattr(jobs, "in_lanes", lambda job, rows: counts.append(len(rows)) or right(job, rows))
    first = study(SEEDS, {"weights": ["normal"]}, GRID, folder=tmp_path)
    more = nnjax.grid(rate=np.float32([0.5, 2.0, 4.0]), scale=np.float32([1.0, 2.0, 3.0]))
    second = study(range(4), {"weights": ["normal", "he"]}, more, folder=tmp_path)
    assert counts == [18, 36 - 18, 36]
    np.testing.assert_array_equal(
        second.length.sel(weights=["normal"], seed=first.seed, rate=first.rate), first.length
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["weights=he", "weights=normal"]
    counts.clear()
    again = study(range(4), {"weights": ["he"]}, more, folder=tmp_path)
    assert counts == []
    np.testing.assert_array_equal(again.length, second.length.sel(weights=["he"]))


def test_each_combination_is_traced_once_however_often_it_is_asked_for():
    traced = []

    def fn(key, power):
        traced.append(power)
        return jax.random.uniform(key) ** power

    for _ in range(2):
        nnjax.study(fn, range(5), {"power": [1, 2]}, lane=2)
    assert len(traced) <= 4  # inspected, and compiled
    assert set(traced) == {1, 2}


def test_progress_counts_all_combinations():
    told = []
    study(range(4), STATIC, GRID, on_segment=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (96, 96)


def test_progress_ends_where_the_last_combination_was_stored(tmp_path):
    told = []
    nnjax.study(of_power, range(3), {"power": [2]}, folder=tmp_path)
    options = {"folder": tmp_path, "on_segment": lambda done, total: told.append((done, total))}
    nnjax.study(of_power, range(3), {"power": [1, 2]}, **options)
    assert told == [(3, 6), (6, 6)]


@pytest.mark.parametrize(
    "choices", [{"whole": 2, "real": 2.0}, {"yes": True, "one": 1}, {"+": 0.0, "-": -0.0}]
)
def test_choices_that_are_equal_numbers_are_not_one_choice(choices):
    """Each shows itself as text, since equal numbers compare as equal."""
    seen = []
    nnjax.study(lambda key, n: jnp.ones(()) * (seen.append(repr(n)) or 1), range(1), {"n": choices})
    assert set(seen) == {repr(value) for value in choices.values()}


def test_numpys_numbers_label_choices_as_numbers():
    data = nnjax.study(of_power, range(1), {"power": np.array([1, 2])})
    assert data["power"].values.tolist() == [1, 2]


def of_power(key, power):
    return jax.random.uniform(key) ** power


def of_width(key, width):
    return jnp.ones(width)


@pytest.mark.parametrize(
    "call, error, message",
    [
        (
            lambda: study(SEEDS, {"weights": "normal"}, GRID),
            ValueError,
            "static 'weights' must be a list of choi",
        ),
        (
            lambda: study(SEEDS, {"weights": []}, GRID),
            ValueError,
            "static 'weights' must be a list of choices",
        ),
        (lambda: study(SEEDS, ["weights"], GRID), TypeError, "static must be a mapping"),
        (lambda: study(SEEDS, {"rate": [1]}, GRID), ValueError, "static 'rate' has the name of a setting"),
        (
            lambda: study(SEEDS, {"power": [1, 1]}, GRID),
            ValueError,
            r"static 'power' has equal labels \(1, 1\)",
        ),
        (lambda: study(SEEDS, {"power": [[1]]}, GRID), TypeError, "static 'power', .*: must be hashable"),
        (
            lambda: study(SEEDS, None, GRID, dims={"lenght": ()}),
            ValueError,
            "dims name lenght; the results are len",
        ),
        (
            lambda: study(SEEDS, STATIC, GRID, dims={"shape_of": ("input",)}),
            ValueError,
            r"dims 'shape_of' must be 2 names, one per axis; got \('input',\)",
        ),
        (
            lambda: study(SEEDS, STATIC, GRID, dims={"shape_of": ("seed", "node")}),
            ValueError,
            "dims 'shape_of' gives the name seed to two axes",
        ),
        (
            lambda: nnjax.study(of_width, [1], {"width": [1, 2]}),
            ValueError,
            "'result' must have one shape for all",
        ),
        (
            lambda: nnjax.study(lambda key, a: {"a": a}, [1], settings=nnjax.grid(a=[1.0])),
            ValueError,
            "returns 'a'",
        ),
        (lambda: nnjax.study(3, [1]), TypeError, "fn must be a function"),
        (lambda: study(SEEDS, None, GRID, on_segment=3), TypeError, "on_segment must be a function"),
        (lambda: nnjax.grid(), ValueError, "grid needs at least one list"),
        (lambda: nnjax.grid(rate=0.1), ValueError, r"grid 'rate' must be a list .* got shape \(\)"),
        (lambda: nnjax.grid(rate=["a"]), TypeError, "grid 'rate' must be an array of numbers"),
    ],
)
def test_what_does_not_fit_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("seeds, settings", [(5, None), ([1], {}), ([1], {"a": 1.0}), ([1], 3), ([], None)])
@pytest.mark.usefixtures("without_shape_checks")
def test_seeds_and_settings_are_refused_as_by_a_sweep(seeds, settings):
    with pytest.raises((TypeError, ValueError)) as expected:
        nnjax.sweep(of_power, seeds, settings)
    with pytest.raises(expected.type) as found:
        nnjax.study(of_power, seeds, None, settings)
    assert str(found.value) == str(expected.value)


def test_without_xarray_the_extra_is_named(monkeypatch):
    def find(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", find)
    with pytest.raises(ImportError, match="study needs xarray: pip install 'nnjax"):
        study(SEEDS)
