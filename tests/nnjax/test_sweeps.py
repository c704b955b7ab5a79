"""A seed's bits depend on the seed alone; arguments that do not fit are refused."""

import os
import pathlib
import subprocess
import sys
from typing import Any

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax import sweeps
from nnjax.sweeps import jobs, lanes, segments

OPTIMISED = True

SEEDS = np.random.default_rng(0).permutation(100)
LANE = 16
NETWORK = nnjax.mlp((6, 9, 3))
ROWS = np.random.default_rng(1).normal(size=(2, 20, 6))
HALF = np.float32(0.5)


def trained(key, rate=HALF):
    """Train a network whose last digits, without lanes, depend on the seeds that run beside it."""
    params = nnjax.init(NETWORK, key, "normal")
    xs, ys = ROWS[0], ROWS[1][:, :3]
    params, history = nnjax.train(NETWORK, params, xs, ys, optimizer=optax.sgd(rate), epochs=60)
    return {"params": params, "loss": history.loss}


def draw(key):
    return jax.random.normal(key)


@pytest.fixture(scope="module")
def together():
    return nnjax.sweep(trained, SEEDS, lane=LANE)


def same(got, expected):
    chex.assert_trees_all_equal(got, expected, strict=True)


def picked(results, rows):
    return jax.tree.map(lambda leaf: leaf[rows], results)


@pytest.mark.slow
def test_without_lanes_the_neighbours_show():
    """This test shows why lanes are needed; if it fails on a new version of JAX, lanes may be unnecessary."""
    keys = jax.vmap(lambda seed: jax.random.key(seed, impl="threefry2x32"))(jnp.arange(777, dtype=jnp.uint32))
    program = jax.jit(jax.vmap(trained))
    whole, part = program(keys), program(keys[:7])
    assert any(np.any(a[:7] != b) for a, b in zip(*map(jax.tree.leaves, (whole, part)), strict=True))


@pytest.mark.usefixtures("quickly")
def test_the_results_are_those_of_the_function():
    rate = np.array([1e-3], np.float32)  # small, so that rounding is not amplified
    got = nnjax.sweep(trained, SEEDS[:2], {"rate": rate}, lane=LANE)
    expected = jax.jit(trained)(nnjax.key(int(SEEDS[1])), rate[0])
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1, 0], got), expected, rtol=1e-3)


@pytest.mark.parametrize("rows", [[5], list(range(7)), list(range(99, -1, -1)), [3, 3, 50]])
def test_same_bits_alone_few_reversed_and_twice(together, rows):
    same(nnjax.sweep(trained, SEEDS[rows], lane=LANE), picked(together, rows))


@pytest.mark.parametrize("count", [1, 2, 8])
def test_same_bits_on_any_number_of_devices(together, devices, count):
    devices(count)
    same(nnjax.sweep(trained, SEEDS, lane=LANE), together)


def test_same_bits_in_one_or_many_segments(together, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)
    calls = []
    got = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path, on_segment=lambda *done: calls.append(done))
    same(got, together)
    assert calls == [(32, 100), (64, 100), (96, 100), (100, 100)]
    assert len(list(tmp_path.glob("segment-*.npz"))) == 4


def test_only_missing_segments_are_computed(together, tmp_path, monkeypatch, devices):
    devices(8)
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 1)
    nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    for index in (2, 4):
        segments.segment_path(tmp_path, index).unlink()
    calls = []
    got = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path, on_segment=lambda *done: calls.append(done))
    same(got, together)
    assert calls == [(100, 100)]
    assert len(list(tmp_path.glob("segment-*"))) == 7


def test_settings_are_a_second_axis_with_the_same_draws():
    rates = np.array([0.5, 0.25, 0.5], np.float32)
    got = nnjax.sweep(trained, SEEDS, {"rate": rates}, lane=LANE)
    same(jax.tree.map(lambda leaf: leaf[:, 2], got), jax.tree.map(lambda leaf: leaf[:, 0], got))
    alone = nnjax.sweep(trained, SEEDS[9:10], {"rate": rates[1:2]}, lane=LANE)
    same(jax.tree.map(lambda leaf: leaf[0, 0], alone), jax.tree.map(lambda leaf: leaf[9, 1], got))
    assert got["loss"].shape == (100, 3)


def test_nothing_compiles_twice():
    @chex.assert_max_traces(n=2)  # one trace for shapes and bytes, one for the program
    def counted(key):
        return jax.random.normal(key)

    results = [nnjax.sweep(counted, range(count), lane=4) for count in (1, 3, 50, 7)]
    same(results[2][:7], results[3])


def test_the_automatic_lane_does_not_depend_on_how_many_seeds():
    whole = nnjax.sweep(trained, range(1000))
    same(nnjax.sweep(trained, [7]), picked(whole, [7]))
    same(nnjax.sweep(trained, range(400, 407)), picked(whole, slice(400, 407)))


def test_the_precision_asked_for_is_the_precision_got():
    with jax.enable_x64(False):
        assert nnjax.sweep(draw, [0]).dtype == np.float32
    assert nnjax.sweep(draw, [0]).dtype == np.float64


def deep(key):
    return nnjax.init(nnjax.mlp((16,) * 5, hidden="tanh"), key, "orthogonal")


def digits(key, own_order=False):
    network = nnjax.mlp((64, 30, 10))
    order = key if own_order else nnjax.key(5)
    xs = np.random.default_rng(0).normal(size=(40, 64))
    start = nnjax.init(network, key)
    return nnjax.train(
        network, start, xs, xs[:, :10], optimizer=optax.sgd(0.01), epochs=2, batch_size=10, key=order
    )


@pytest.mark.slow
@pytest.mark.parametrize("fn", [trained, deep, digits])
def test_every_place_in_an_automatic_lane_is_the_same(fn):
    assert nnjax.steady(fn)


def test_steady_can_say_no(monkeypatch):
    def bits(key):
        return jax.random.bits(key)

    assert nnjax.steady(bits, lane=8)
    whole = jobs.in_lanes

    def shifted(*arguments):
        for rows, leaves in whole(*arguments):
            yield rows, [leaf + (np.arange(len(leaf), dtype=np.uint32) == 5) for leaf in leaves]

    monkeypatch.setattr(jobs, "in_lanes", shifted)
    assert not nnjax.steady(bits, lane=8)


# In a folder.


def test_a_finished_sweep_is_read_not_computed(together, tmp_path, monkeypatch):
    first = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    same(first, together)
    monkeypatch.setattr(jobs, "in_lanes", lambda *arguments: 1 / 0)
    same(nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path), first)


def test_another_sweeps_folder_is_refused(tmp_path):
    data = np.arange(5000.0)
    nnjax.sweep(lambda key: data.sum() + jax.random.normal(key), [1, 2], lane=2, folder=tmp_path)
    for fn, seeds, lane, message in [
        (lambda key: data.sum() + jax.random.normal(key), [1, 2], 4, "another sweep .*lane: 2 there, 4 now"),
        (lambda key: (data + 1e-9).sum() + jax.random.normal(key), [1, 2], 2, "another sweep .*function: "),
    ]:
        with pytest.raises(ValueError, match=message):
            nnjax.sweep(fn, seeds, lane=lane, folder=tmp_path)


def test_every_number_of_shared_data_counts(tmp_path):
    first, second = jnp.arange(5000.0), jnp.arange(5000.0).at[2500].add(1e-9)
    nnjax.sweep(lambda key: first * jax.random.normal(key), [1], folder=tmp_path)
    with pytest.raises(ValueError, match="function: "):
        nnjax.sweep(lambda key: second * jax.random.normal(key), [1], folder=tmp_path)


def test_segments_of_another_length_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 1)
    nnjax.sweep(draw, range(5), lane=1, folder=tmp_path)
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 3)
    with pytest.raises(ValueError, match="segment: 1 there, 3 now"):
        nnjax.sweep(draw, range(5), lane=1, folder=tmp_path)


def test_a_folder_tells_settings_from_its_own_notes(tmp_path):
    def double(key, lane):
        return 2 * lane

    nnjax.sweep(double, [0], {"lane": [1.0]}, folder=tmp_path / "kept")
    assert nnjax.sweep(double, [0], {"lane": [5.0]}, folder=tmp_path / "kept") == 10.0
    assert nnjax.sweep(double, [0], {"lane": [1.0]}, folder=tmp_path / "kept") == 2.0


@pytest.mark.parametrize("keep", [True, False])
def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)

    def interrupt(done, total):
        if done >= 64:
            raise KeyboardInterrupt

    folder = tmp_path if keep else None
    with pytest.raises(KeyboardInterrupt) as caught:
        nnjax.sweep(draw, SEEDS, lane=LANE, folder=folder, on_segment=interrupt)
    expected = "call sweep again to continue" if keep else "lost: folder= would have kept them"
    (note,) = caught.value.__notes__
    assert note.startswith("sweep stopped after 64 of 100 runs")
    assert expected in note


CLOSED_OVER = """
import sys, jax, jax.numpy as jnp, numpy as np, nnjax
folder = sys.argv[1]

def learners(shift):
    data = np.arange(12.0, dtype=np.float32).reshape(4, 3) + np.float32(shift)
    array = jnp.asarray(data)
    inner = jax.jit(lambda x: jnp.sum(array * x))
    def looped(x):
        return jax.lax.fori_loop(0, 2, lambda i, total: total + jnp.sum(array[i]), x)
    def chosen(x):
        return jax.lax.cond(x > 0, lambda: jnp.sum(array), lambda: jnp.float32(0))
    keys = jax.random.split(jax.random.key(shift), 2)
    return {
        "numpy": lambda key: jnp.sum(data * jax.random.normal(key)),
        "jit": lambda key: inner(jax.random.normal(key)),
        "loop": lambda key: looped(jax.random.normal(key)),
        "branch": lambda key: chosen(jax.random.normal(key)),
        "result": lambda key: (jax.random.normal(key), array),
        "keys": lambda key: jax.random.normal(key) + jax.vmap(jax.random.uniform)(keys),
    }

def until(f, folder):
    return nnjax.sweep_until(
        lambda key: jax.random.normal(key), lambda x: x + jax.tree.leaves(f(jax.random.key(3)))[-1].sum(),
        lambda x: x > 1e9, [1, 2], check_every=1, max_steps=2, folder=folder,
    )

def refused(sweep, *arguments, **options):
    try:
        sweep(*arguments, **options)
    except ValueError as error:
        return "refused" if "another sweep" in str(error) else str(error)

for place in learners(0):
    own = f"{folder}/{place}"
    first = nnjax.sweep(learners(0)[place], [1, 2], folder=own)
    again = nnjax.sweep(learners(0)[place], [1, 2], folder=own)
    assert all(map(np.array_equal, jax.tree.leaves(first), jax.tree.leaves(again)))
    until(learners(0)[place], own + "/until")
    other = learners(5)[place]
    print(place, refused(nnjax.sweep, other, [1, 2], folder=own), refused(until, other, own + "/until"))
"""
PLACES = ["numpy", "jit", "loop", "branch", "result", "keys"]


@pytest.mark.slow
@pytest.mark.parametrize("hoisted", ["0", "1"])
def test_data_closed_over_belong_to_the_sweep_wherever_jax_keeps_them(tmp_path, hoisted):
    """JAX writes data into the program's text or stores them elsewhere (by a flag now, by default later)."""
    environment = os.environ | {
        "JAX_USE_SIMPLIFIED_JAXPR_CONSTANTS": hoisted,
        "PYTHONPATH": str(pathlib.Path(nnjax.__file__).parents[1]),
    }
    command = [sys.executable, "-c", CLOSED_OVER, str(tmp_path)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    expected = [f"{place} refused refused" for place in PLACES]
    assert ran.stdout.splitlines() == expected, ran.stdout + ran.stderr


# Kinds of results.

KINDS = (
    "bool int4 uint4 int8 uint8 int16 uint16 int32 uint32 int64 float8_e4m3fn float8_e5m2 float8_e4m3b11fnuz "
    "float16 bfloat16 float32 float64 complex64 complex128"
)


def of_every_kind(key):
    numbers = 5 * jax.random.uniform(key, (3,))
    arrays = {kind: numbers.astype(kind) for kind in KINDS.split()}
    nested = {"nothing": None, "list": [], "empty": jnp.zeros((0,)), "none of three": jnp.zeros((3, 0), bool)}
    return arrays, nested, (numbers[0], 1, True, np.arange(2), [jax.random.split(key, 2)])


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("until", [False, True])
def test_any_array_may_be_a_result(tmp_path, until):
    seeds = [3, 0, 2, 5, 9]

    def swept(folder):
        if not until:
            return nnjax.sweep(of_every_kind, seeds, lane=2, folder=folder)

        def step(state):
            return state[0], state[1] + 1

        return nnjax.sweep_until(
            lambda key: (of_every_kind(key), 0),
            step,
            lambda state: state[1] >= 3,
            seeds,
            check_every=1,
            lane=2,
            folder=folder,
        ).state[0]

    expected = [jax.jit(of_every_kind)(nnjax.key(seed)) for seed in seeds]
    for folder in (None, tmp_path, tmp_path):
        got = swept(folder)
        assert jax.tree.structure(got) == jax.tree.structure(expected[0])
        assert got[0]["float8_e5m2"].dtype == jnp.float8_e5m2
        for leaf, *each in zip(*map(jax.tree.leaves, (got, *expected)), strict=True):
            assert leaf.dtype == each[0].dtype
            for row, one in zip(map(lanes.to_numpy, leaf), map(lanes.to_numpy, each), strict=True):
                assert (row.shape, row.tobytes()) == (one.shape, one.tobytes())


# Random keys as results.


def test_the_key_is_that_of_the_seed():
    bits = nnjax.sweep(lambda key: jax.random.key_data(key), [0, 7, 2**32 - 1])
    same(bits, np.stack([jax.random.key_data(nnjax.key(seed)) for seed in (0, 7, 2**32 - 1)]))


@pytest.mark.usefixtures("quickly")
def test_keys_come_back_as_keys(tmp_path):
    def keys(key, fold):
        return {"number": fold, "keys": jax.random.split(jax.random.fold_in(key, fold), 3)}

    seeds, folds = [5, 0, 2**32 - 1], np.uint32([1, 2])
    for _ in range(2):  # computed, then read from the folder
        got = nnjax.sweep(keys, seeds, {"fold": folds}, folder=tmp_path)
        assert got["keys"].shape == (3, 2, 3)
        assert got["keys"].dtype == nnjax.key(0).dtype
        assert got["number"].tolist() == [[1, 2]] * 3
        for s, seed in enumerate(seeds):
            for f, fold in enumerate(folds):
                expected = jax.random.split(jax.random.fold_in(nnjax.key(seed), fold), 3)
                same(jax.random.key_data(got["keys"][s, f]), jax.random.key_data(expected))
    assert nnjax.steady(keys, lane=4, setting={"fold": 3})


def test_in_a_process_group_each_process_works_alone(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 4)
    with pytest.warns(
        UserWarning, match=r"one of 4 processes of jax.distributed; each computes all 3 runs alone"
    ):
        nnjax.sweep(draw, range(3))


# Bad input.


def until(**options):
    return nnjax.sweep_until(draw, draw, draw, [1], **options)


class Unhashable:
    """A function that JAX could not look up again, as it cannot be hashed."""

    __hash__: Any = None

    def __call__(self, key):
        return key


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: nnjax.sweep(draw, [1], lane=0), ValueError, "lane must be 1 or more, got 0"),
        (lambda: nnjax.sweep(draw, [1], lane=2.5), TypeError, "lane must be an integer, got 2.5"),
        (lambda: nnjax.sweep(3, [1]), TypeError, "fn must be a function, got int"),
        (lambda: nnjax.sweep(Unhashable(), [1]), TypeError, "fn must be hashable .*; wrap it in"),
        (lambda: nnjax.steady("x"), TypeError, "fn must be a function, got str"),
        (lambda: nnjax.sweep(draw, [1], on_segment=5), TypeError, "on_segment must be a function, got int"),
        (lambda: nnjax.sweep(lambda key: None, [1]), TypeError, "fn returns no array"),
        (lambda: nnjax.sweep(draw, [1], folder=""), ValueError, "folder must be a path, got ''"),
        (lambda: until(check_every=0), ValueError, "check_every must be 1 or more, got 0"),
        (lambda: until(check_every=1, max_steps=0), ValueError, "max_steps must be 1 or more, got 0"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        call()
