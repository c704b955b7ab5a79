"""A seed's bits depend on the seed alone; whatever is interrupted goes on; what does not fit is refused."""

import json
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.sweeps import lanes, segments

SEEDS = np.random.default_rng(0).permutation(100)
LANE = 16
NETWORK = nnjax.mlp((6, 9, 5, 3))
ROWS = np.random.default_rng(1).normal(size=(2, 20, 6))


HALF = np.float32(0.5)


def trained(key, rate=HALF):
    """A network whose last digits show who its neighbours were, when there are no lanes."""
    params = nnjax.init(NETWORK, key, "normal", "normal")
    xs, ys = ROWS[0], ROWS[1][:, :3]
    params, history = nnjax.train(NETWORK, params, xs, ys, optimizer=optax.sgd(rate), epochs=60)
    return {"params": params, "loss": history.loss}


@pytest.fixture(scope="module")
def together():
    return nnjax.sweep(trained, SEEDS, lane=LANE)


def same(got, expected):
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(a, b, strict=True)


def rows(results, chosen):
    return jax.tree.map(lambda leaf: leaf[chosen], results)


def devices(monkeypatch, count):
    monkeypatch.setattr(jax, "local_devices", lambda: jax.devices()[:count])


def test_without_lanes_the_neighbours_show():
    """Why lanes are needed; if this fails on a new version of JAX, they may no longer be."""
    keys = jax.vmap(lambda seed: jax.random.key(seed, impl="threefry2x32"))(jnp.arange(777, dtype=jnp.uint32))
    program = jax.jit(jax.vmap(trained))
    whole, part = program(keys), program(keys[:7])
    assert any(np.any(a[:7] != b) for a, b in zip(*map(jax.tree.leaves, (whole, part)), strict=True))


def test_the_key_is_that_of_the_seed():
    bits = nnjax.sweep(lambda key: jax.random.key_data(key), [0, 7, 2**32 - 1])
    same(bits, np.stack([jax.random.key_data(nnjax.key(seed)) for seed in (0, 7, 2**32 - 1)]))


def test_the_results_are_those_of_the_function():
    rate = np.float32([1e-3])  # small, so that rounding is not amplified
    got = nnjax.sweep(trained, SEEDS[:2], {"rate": rate}, lane=LANE)
    expected = jax.jit(trained)(nnjax.key(int(SEEDS[1])), rate[0])
    chex.assert_trees_all_close(jax.tree.map(lambda leaf: leaf[1, 0], got), expected, rtol=1e-3)


@pytest.mark.parametrize("chosen", [[5], list(range(7)), list(range(99, -1, -1)), [3, 3, 50]])
def test_same_bits_alone_few_reversed_and_twice(together, chosen):
    same(nnjax.sweep(trained, SEEDS[chosen], lane=LANE), rows(together, chosen))


@pytest.mark.parametrize("count", [1, 2, 8])
def test_same_bits_on_any_number_of_devices(together, monkeypatch, count):
    devices(monkeypatch, count)
    same(nnjax.sweep(trained, SEEDS, lane=LANE), together)


def test_same_bits_in_one_or_many_segments(together, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", 2)
    devices(monkeypatch, 2)
    calls = []
    got = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path, on_segment=lambda *done: calls.append(done))
    same(got, together)
    assert calls == [(32, 100), (64, 100), (96, 100), (100, 100)]
    assert len(list(tmp_path.glob("segment-*.npz"))) == 4


def test_settings_are_a_second_axis_with_the_same_draws(together):
    rates = np.float32([0.5, 0.25, 0.5])
    got = nnjax.sweep(trained, SEEDS, {"rate": rates}, lane=LANE)
    same(jax.tree.map(lambda leaf: leaf[:, 2], got), jax.tree.map(lambda leaf: leaf[:, 0], got))
    alone = nnjax.sweep(trained, SEEDS[9:10], {"rate": rates[1:2]}, lane=LANE)
    same(jax.tree.map(lambda leaf: leaf[0, 0], alone), jax.tree.map(lambda leaf: leaf[9, 1], got))
    assert got["loss"].shape == (100, 3)


def test_nothing_compiles_twice():
    @chex.assert_max_traces(n=2)  # its shapes and bytes, and one program
    def counted(key):
        return jax.random.normal(key)

    results = [nnjax.sweep(counted, range(count), lane=4) for count in (1, 3, 50, 7)]
    same(results[2][:7], results[3])


def test_the_lane_follows_the_work_of_one_seed():
    def lane(sizes):
        network = nnjax.mlp(sizes)
        data = np.ones((4, sizes[0])), np.ones((4, sizes[-1]))

        def fn(key):
            return nnjax.train(network, nnjax.init(network, key), *data, optimizer=optax.sgd(0.1), epochs=9)[
                0
            ]

        return lanes.width(None, lanes.trace(lanes.one_run(fn, ()), np.dtype(np.uint32)))

    widths = [lane((n, n, 1)) for n in (2, 8, 32, 128, 1024)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] >= 1024
    assert widths[-1] == 1


def deep(key):
    return nnjax.init(nnjax.mlp((16,) * 20, hidden="tanh"), key, "orthogonal")


def digits(key, own_order=False):
    network = nnjax.mlp((64, 30, 10))
    order = key if own_order else nnjax.key(5)
    xs = np.random.default_rng(0).normal(size=(40, 64))
    start = nnjax.init(network, key)
    return nnjax.train(
        network, start, xs, xs[:, :10], optimizer=optax.sgd(0.01), epochs=2, batch_size=10, key=order
    )


@pytest.mark.parametrize("fn", [trained, deep, digits])
def test_every_place_in_an_automatic_lane_is_the_same(fn):
    assert nnjax.steady(fn)


def test_steady_can_say_no():
    def bits(key):
        return jax.random.bits(key)

    assert nnjax.steady(bits, lane=8)
    module = sys.modules["nnjax.sweeps"]
    whole = module._run

    def shifted(*arguments):
        for rows_, leaves in whole(*arguments):
            yield rows_, [np.asarray(leaf) + (np.arange(len(leaf), dtype=np.uint32) == 5) for leaf in leaves]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_run", shifted)
        assert not nnjax.steady(bits, lane=8)


# Work that ends at different times.


def collatz_start(key):
    return {"number": jax.random.randint(key, (), 1, 10_000), "noise": jax.random.normal(key)}


def collatz_step(state):
    number = state["number"]
    turned = jnp.where(number == 1, number, jnp.where(number % 2 == 0, number // 2, 3 * number + 1))
    return {"number": turned, "noise": jnp.sin(3 * state["noise"]) * 2}


def collatz_done(state):
    return state["number"] == 1


@pytest.fixture(scope="module")
def collatz():
    return nnjax.sweep_until(collatz_start, collatz_step, collatz_done, SEEDS, check_every=8, lane=LANE // 8)


def test_every_seed_ends_at_its_own_first_check(collatz):
    def steps(number):
        count = 0
        while number != 1:
            number, count = (number // 2 if number % 2 == 0 else 3 * number + 1), count + 1
        return -(-count // 8) * 8

    starts = nnjax.sweep(collatz_start, SEEDS)["number"]
    assert collatz.steps.tolist() == [steps(int(number)) for number in starts]
    assert len(set(collatz.steps.tolist())) > 5
    assert collatz.finished.all()


def test_same_bits_as_with_nobody_leaving(collatz):
    def through(key):
        state = collatz_start(key)
        last = jnp.asarray(collatz.steps)[jnp.argmax(jnp.asarray(SEEDS) == key_seed(key))]
        return jax.lax.fori_loop(0, last, lambda _, state: collatz_step(state), state)

    def key_seed(key):
        return jax.random.key_data(key)[1].astype(jnp.int64)

    same(nnjax.sweep(through, SEEDS, lane=LANE // 8), collatz.state)


@pytest.mark.parametrize("chosen", [[5], list(range(7)), list(range(99, -1, -1))])
def test_leaving_and_refilling_change_no_bits(collatz, chosen):
    got = nnjax.sweep_until(
        collatz_start, collatz_step, collatz_done, SEEDS[chosen], check_every=8, lane=LANE // 8
    )
    same(got, rows(collatz, chosen))


def test_leaving_seeds_are_reported_as_they_leave(collatz):
    calls = []
    got = nnjax.sweep_until(
        collatz_start,
        collatz_step,
        collatz_done,
        SEEDS,
        check_every=8,
        lane=LANE // 8,
        on_segment=lambda *done: calls.append(done),
    )
    same(got, collatz)
    counts = [done for done, _ in calls]
    assert len(set(counts)) > 2
    assert len(counts) > len(set(counts))  # it is heard of at every check, so that it can be ended there
    assert counts == sorted(counts)
    assert calls[-1] == (100, 100)


def test_step_sees_only_states_that_seeds_have_been_in():
    """Planted: from 0 this step never ends, and three of the four slots have no seed."""

    def doubled(state):
        return jax.lax.while_loop(lambda x: x < 1, lambda x: 2 * x, state)

    ended = nnjax.sweep_until(
        lambda key: jnp.float32(0.1), doubled, lambda state: state >= 1, [0], check_every=1, lane=4
    )
    assert ended.state.tolist() == [np.float32(1.6)]


def test_leaving_on_one_device_and_in_segments(collatz, monkeypatch, tmp_path):
    devices(monkeypatch, 1)
    monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", 20)
    for _ in range(2):
        got = nnjax.sweep_until(
            collatz_start, collatz_step, collatz_done, SEEDS, check_every=8, lane=LANE // 8, folder=tmp_path
        )
        same(got, collatz)


def test_who_never_finishes_is_marked():
    def walk(state):
        return state + 1

    def start(key):
        return jnp.where(jax.random.key_data(key)[1] == 2, jnp.nan, 0.0)

    ended = nnjax.sweep_until(start, walk, lambda state: state > 50, [1, 2, 3], check_every=5, max_steps=20)
    assert ended.finished.tolist() == [False] * 3
    assert ended.steps.tolist() == [20, 0, 20]


# On disk.


def test_a_finished_sweep_is_read_not_computed(tmp_path):
    first = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules["nnjax.sweeps"], "_run", lambda *arguments: 1 / 0)
        same(nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path), first)


def test_another_sweeps_folder_is_refused(tmp_path):
    data = np.arange(5000.0)
    nnjax.sweep(lambda key: data.sum() + jax.random.normal(key), [1, 2], lane=2, folder=tmp_path)
    for fn, seeds, lane, message in [
        (lambda key: data.sum() + jax.random.normal(key), [1, 3], 2, "another sweep .*seed: "),
        (lambda key: data.sum() + jax.random.normal(key), [1, 2], 4, "another sweep .*lane: 2 there, 4 now"),
        (lambda key: (data + 1e-9).sum() + jax.random.normal(key), [1, 2], 2, "another sweep .*function: "),
    ]:
        with pytest.raises(ValueError, match=message):
            nnjax.sweep(fn, seeds, lane=lane, folder=tmp_path)


def _draw(key):
    return jax.random.normal(key)


@pytest.mark.parametrize("what", ["kind", "flags"])
def test_a_folder_of_another_kind_of_cpu_is_refused(tmp_path, monkeypatch, what):
    """XLA compiles for the model and its vectors, and as XLA_FLAGS say: the last digits depend on both."""
    nnjax.sweep(_draw, [1], folder=tmp_path)
    assert nnjax.sweep(_draw, [1], folder=tmp_path).shape == (1,)
    if what == "kind":
        monkeypatch.setattr(lanes, "_cpu", lambda: {"model name": "Another", "flags": "fpu avx512f sse"})
        message = "device: .* there, 'Another avx512f sse' now"
    else:
        given = "--xla_force_host_platform_device_count=2 --xla_cpu_max_isa=AVX"
        monkeypatch.setenv("XLA_FLAGS", given)
        message = r"XLA_FLAGS: \[\] there, \['--xla_cpu_max_isa=AVX'\] now"
    with pytest.raises(ValueError, match=message):
        nnjax.sweep(_draw, [1], folder=tmp_path)


def test_every_number_of_shared_data_counts(tmp_path):
    first, second = jnp.arange(5000.0), jnp.arange(5000.0).at[2500].add(1e-9)
    nnjax.sweep(lambda key: first * jax.random.normal(key), [1], folder=tmp_path)
    with pytest.raises(ValueError, match="function: "):
        nnjax.sweep(lambda key: second * jax.random.normal(key), [1], folder=tmp_path)


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "other"])
def test_damaged_segments_are_refused(tmp_path, damage):
    nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    path = segments.segment_path(tmp_path, 0)
    content = bytearray(path.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "empty": b"", "other": b"PK" * 50}.get(damage, content))
    with pytest.raises(ValueError, match=r"segment-00000.npz is damaged; delete it"):
        nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)


def test_exchanged_segments_are_refused(tmp_path):
    leaves = [np.arange(4), np.ones((4, 2), jnp.bfloat16)]
    folder, other = segments.Folder(tmp_path, "this"), segments.Folder(tmp_path, "another sweep")
    segments.save(folder, 0, leaves)
    read = [np.empty_like(leaf) for leaf in leaves]
    assert segments.load(folder, 0, read)
    same(read, leaves)
    assert not segments.load(folder, 1, read)
    segments.segment_path(tmp_path, 0).rename(segments.segment_path(tmp_path, 1))
    shorter = [np.empty((3, *leaf.shape[1:]), leaf.dtype) for leaf in leaves]
    for where, index, into in ((folder, 1, read), (other, 0, read), (folder, 0, shorter)):
        with pytest.raises(ValueError, match="damaged"):
            segments.load(where, index, into)
        segments.segment_path(tmp_path, 1).rename(segments.segment_path(tmp_path, 0)) if index else None


def test_segments_of_another_length_are_refused(tmp_path, monkeypatch):
    for lanes_, message in ((1, None), (3, "segment: 1 there, 3 now")):
        monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", lanes_)
        if message is None:
            nnjax.sweep(deep, range(5), lane=1, folder=tmp_path)
        else:
            with pytest.raises(ValueError, match=message):
                nnjax.sweep(deep, range(5), lane=1, folder=tmp_path)


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_folder_that_does_not_say_of_what_it_is(tmp_path, content):
    nnjax.sweep(deep, [1], folder=tmp_path)
    described = tmp_path / "sweep.json"
    described.unlink() if content is None else described.write_text(content)
    message = "no sweep.json" if content is None else "sweep.json is damaged; delete the folder"
    with pytest.raises(ValueError, match=message):
        nnjax.sweep(deep, [1], folder=tmp_path)


def test_only_missing_segments_are_computed(together, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", 1)
    nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    for index in (2, 4):
        segments.segment_path(tmp_path, index).unlink()
    calls = []
    got = nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path, on_segment=lambda *done: calls.append(done))
    same(got, together)
    assert calls == [(100, 100)]
    assert len(list(tmp_path.glob("segment-*"))) == 7


def test_the_automatic_lane_does_not_depend_on_how_many_seeds(together):
    whole = nnjax.sweep(trained, range(1000))
    same(nnjax.sweep(trained, [7]), rows(whole, [7]))
    same(nnjax.sweep(trained, range(400, 407)), rows(whole, slice(400, 407)))


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/folder cannot be written"):
        nnjax.sweep(deep, [1], folder=tmp_path / "file" / "folder")


def test_a_full_disk_keeps_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", 2)
    whole, save = nnjax.sweep(trained, SEEDS, lane=LANE), np.savez

    def full(file, **arrays):
        if len(list(tmp_path.glob("segment-*"))) == 2:
            raise OSError(28, "No space left on device")
        save(file, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        OSError, match=r"cannot be written \(No space left on device\); finished segments stay"
    ):
        nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path)
    monkeypatch.setattr(np, "savez", save)
    assert len(list(tmp_path.glob("segment-*"))) == 2
    same(nnjax.sweep(trained, SEEDS, lane=LANE, folder=tmp_path), whole)


@pytest.mark.parametrize("keep", [True, False])
def test_ctrl_c_says_how_to_go_on(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(sys.modules["nnjax.sweeps"], "SEGMENT_LANES", 2)
    devices(monkeypatch, 2)

    def interrupt(done, total):
        if done >= 64:
            raise KeyboardInterrupt

    folder = tmp_path if keep else None
    with pytest.raises(KeyboardInterrupt) as caught:
        nnjax.sweep(trained, SEEDS, lane=LANE, folder=folder, on_segment=interrupt)
    expected = "call sweep again to go on" if keep else "lost: folder= would have kept them"
    (note,) = caught.value.__notes__
    assert note.startswith("sweep stopped after 64 of 100 runs")
    assert expected in note


SCRIPT = """
    import sys, jax, numpy as np, nnjax
    jax.config.update("jax_num_cpu_devices", 2)
    sys.modules["nnjax.sweeps"].SEGMENT_LANES = 2

    def slow(key):
        start = jax.random.normal(key, (3,))
        return jax.lax.fori_loop(0, 100_000, lambda i, x: jax.numpy.sin(3 * x) * 2, start)

    np.save(sys.argv[2], nnjax.sweep(slow, range(150), lane=1, folder=sys.argv[1] or None))
"""


def script(folder, out):
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), str(out)])


@pytest.mark.slow
def test_killed_at_random_moments_it_goes_on_with_the_same_bits(tmp_path):
    folder, rng = tmp_path / "folder", np.random.default_rng(0)
    assert script("", tmp_path / "undisturbed.npy").wait() == 0
    kills = 0
    for moment in (1, 8, 20, 40):
        process = script(folder, tmp_path / "resumed.npy")
        while process.poll() is None and len(list(folder.glob("segment-*"))) < moment:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
    assert kills >= 3
    finished = len(list(folder.glob("segment-*")))
    assert 0 < finished < 75
    assert script(folder, tmp_path / "resumed.npy").wait() == 0
    same(np.load(tmp_path / "resumed.npy"), np.load(tmp_path / "undisturbed.npy"))
    assert not list(pathlib.Path(folder).glob(".*"))
    assert json.loads((folder / "sweep.json").read_text())["lane"] == 1


# Bad input.


def test_another_work_until_done_is_refused(tmp_path):
    def again(check_every):
        return nnjax.sweep_until(
            collatz_start, collatz_step, collatz_done, SEEDS[:5], check_every=check_every, folder=tmp_path
        )

    again(8)
    with pytest.raises(ValueError, match="function: "):
        again(9)


def until(**options):
    return nnjax.sweep_until(deep, deep, deep, [1], **options)


class Unhashable:
    """A function that JAX could not find again."""

    __hash__ = None

    def __call__(self, key):
        return key


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: nnjax.sweep(deep, []), ValueError, r"seeds must be a list of at least one integer"),
        (lambda: nnjax.sweep(deep, 5), ValueError, r"at least one integer, got shape \(\)"),
        (lambda: nnjax.sweep(deep, [0.5]), TypeError, "seeds must be integers, got float64"),
        (lambda: nnjax.sweep(deep, [True]), TypeError, "seeds must be integers, got bool"),
        (lambda: nnjax.sweep(deep, [-1, 3]), ValueError, r"seeds must be in 0..2\*\*32-1, got -1 to 3"),
        (lambda: nnjax.sweep(deep, [2**32]), ValueError, "seeds must be in"),
        (lambda: nnjax.sweep(deep, [1], lane=0), ValueError, "lane must be 1 or more, got 0"),
        (lambda: nnjax.sweep(deep, [1], lane=2.0), TypeError, "lane must be an integer, got 2.0"),
        (lambda: nnjax.sweep(trained, [1], {}), ValueError, "settings must be lists of one common length"),
        (lambda: nnjax.sweep(trained, [1], {"rate": 0.1}), ValueError, r"got shapes \{'rate': \(\)\}"),
        (lambda: nnjax.sweep(trained, [1], {"a": [1], "b": [1, 2]}), ValueError, "one common length"),
        (lambda: nnjax.sweep(trained, [1], {"rate": ["a"]}), TypeError, "setting 'rate' must be an array"),
        (lambda: nnjax.sweep(trained, [1], {"rate": [2**70]}), TypeError, "setting 'rate' must be an array"),
        (lambda: nnjax.sweep(3, [1]), TypeError, "fn must be a function, got int"),
        (lambda: nnjax.sweep(Unhashable(), [1]), TypeError, "fn must be hashable .*; a plain function"),
        (lambda: nnjax.sweep(deep, [1], on_segment=5), TypeError, "on_segment must be a function, got int"),
        (lambda: nnjax.sweep(deep, [[1], [2, 3]]), ValueError, "seeds must be one list of integers"),
        (lambda: nnjax.sweep(lambda key: key, [1]), TypeError, "return jax.random.key_data"),
        (lambda: nnjax.sweep(lambda key: None, [1]), TypeError, "fn returns no array"),
        (lambda: nnjax.sweep(deep, [1], [1.0]), TypeError, "settings must be a mapping of names to lists"),
        (lambda: nnjax.sweep(deep, [1], folder=""), ValueError, "folder must be a path, got ''"),
        (lambda: until(check_every=0), ValueError, "check_every must be 1 or more, got 0"),
        (lambda: until(check_every=1, max_steps=0), ValueError, "max_steps must be 1 or more, got 0"),
    ],
)  # fmt: skip
def test_bad_arguments(call, error, message, without_shape_checks):
    with pytest.raises(error, match=message):
        call()


def test_use_all_cores_comes_first():
    assert len(jax.devices()) == 8
    with pytest.raises(RuntimeError, match="before JAX computes anything"):
        nnjax.use_all_cores()


@pytest.mark.parametrize(
    "values, dtype",
    [
        ([3, 2**40], "int32"),
        (np.array([3, 2**40], np.uint64), "uint32"),
        ([3.0, 1e300], "float32"),
        ([3.0, 1e-300], "float32"),
    ],
)
def test_settings_out_of_their_dtypes_range_are_refused(values, dtype):
    def same_again(key, number):
        return number

    assert nnjax.sweep(same_again, [0], {"number": values})[0, 1] == values[1]
    with (
        jax.enable_x64(False),
        pytest.raises(ValueError, match=f"setting 'number' holds .* {dtype} cannot hold"),
    ):
        nnjax.sweep(same_again, [0], {"number": values})


@pytest.mark.parametrize("name", ["seed", "key"])
def test_settings_do_not_replace_the_seeds(name):
    with pytest.raises(ValueError, match="settings must not be called 'seed' or 'key'"):
        nnjax.sweep(lambda key, **setting: 1.0, [0], {name: [7, 8]})


def test_a_folder_tells_settings_from_its_own_notes(tmp_path):
    def double(key, lane):
        return 2 * lane

    nnjax.sweep(double, [0], {"lane": [1.0]}, folder=tmp_path / "kept")
    with pytest.raises(ValueError, match="setting lane"):
        nnjax.sweep(double, [0], {"lane": [5.0]}, folder=tmp_path / "kept")


def test_the_precision_asked_for_is_the_precision_got():
    def draw(key):
        return jax.random.normal(key)

    with jax.enable_x64(False):
        assert nnjax.sweep(draw, [0]).dtype == np.float32
    assert nnjax.sweep(draw, [0]).dtype == np.float64


def test_nan_is_never_finished():
    ended = nnjax.sweep_until(
        lambda key: jnp.asarray(jnp.nan), lambda state: state, lambda state: ~(state > 1), [0], check_every=1
    )
    assert not ended.finished[0]
