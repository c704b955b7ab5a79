"""Seeds and settings added to a sweep's folder give the same bits, and nothing is computed twice."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax import sweeps
from nnjax.sweeps import jobs, segments

OPTIMISED = True
pytestmark = pytest.mark.usefixtures("two_devices")


def draw(key, rate):
    return {"a": rate * jax.random.normal(key, (3,), jnp.float32), "b": jnp.sin(rate)}


def alone(key):
    return jax.random.normal(key)


@pytest.fixture
def computed(monkeypatch):
    """Record how many rows each sweep computes."""
    counts, right = [], jobs.in_lanes

    def count(job, rows):
        counts.append(len(rows))
        return right(job, rows)

    monkeypatch.setattr(jobs, "in_lanes", count)
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)
    return counts


def run(folder, seeds, rates, **options):
    return nnjax.sweep(draw, seeds, {"rate": np.float32(rates)}, lane=4, folder=folder, **options)


def same(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(*map(jax.tree.leaves, (one, other)), strict=True))


def test_more_seeds_and_settings_are_added(tmp_path, computed):
    run(tmp_path, range(10), [0.5])
    more = run(tmp_path, range(20), [0.5])
    settings = run(tmp_path, range(10), [0.5, 2.0])
    both = run(tmp_path, range(20), [0.5, 2.0])
    assert computed == [10, 10, 10, 10]
    assert same(both, run(None, range(20), [0.5, 2.0]))
    assert same(more, run(None, range(20), [0.5]))
    assert same(settings, run(None, range(10), [0.5, 2.0]))


def test_what_is_there_is_read_in_any_order(tmp_path, computed):
    run(tmp_path, range(12), [0.5])
    run(tmp_path, range(6, 18), [0.5])
    computed.clear()
    seeds = [17, 0, 3, 3, 11, 12]
    got = run(tmp_path, seeds, [0.5])
    assert computed == []
    assert same(got, run(None, seeds, [0.5]))
    assert same(run(tmp_path, range(12), [0.5]), run(None, range(12), [0.5]))


def test_a_seed_given_twice_is_added_once(tmp_path, computed):
    run(tmp_path, [1], [0.5])
    assert same(run(tmp_path, [2, 2, 1], [0.5]), run(None, [2, 2, 1], [0.5]))


def test_a_killed_addition_goes_on(tmp_path, computed):
    def stop(done, total):
        if done >= 16:
            raise KeyboardInterrupt

    run(tmp_path, range(8), [0.5])
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, range(40), [0.5], on_segment=stop)
    computed.clear()
    got = run(tmp_path, range(40), [0.5])
    assert 0 < computed[0] < 32
    assert len(list(tmp_path.glob("more-*"))) == 1
    assert same(got, run(None, range(40), [0.5]))


def test_a_killed_sweep_is_added_to(tmp_path, computed):
    def stop(done, total):
        if done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, range(40), [0.5], on_segment=stop)
    assert same(run(tmp_path, range(50), [0.5]), run(None, range(50), [0.5]))
    computed.clear()
    run(tmp_path, range(40), [0.5])
    assert computed == []


def test_sweep_until_adds_too(tmp_path):
    def counting(seeds, folder):
        return nnjax.sweep_until(
            lambda key: (jax.random.uniform(key), jnp.int32(0)),
            lambda state: (state[0] * 0.5, state[1] + 1),
            lambda state: state[0] < 0.01,
            seeds,
            check_every=2,
            lane=4,
            folder=folder,
        )

    counting(range(5), tmp_path)
    assert same(counting(range(9), tmp_path), counting(range(9), None))


def test_another_function_is_still_another(tmp_path):
    nnjax.sweep(alone, range(4), folder=tmp_path)
    with pytest.raises(ValueError, match=r"another sweep \(function: another function"):
        nnjax.sweep(lambda key: 2 * alone(key), range(8), folder=tmp_path)
    with pytest.raises(ValueError, match=r"lane: \d+ there, 2 now"):
        nnjax.sweep(alone, range(8), lane=2, folder=tmp_path)
    with pytest.raises(ValueError, match="another sweep"):
        run(tmp_path, range(4), [0.5])
    assert not list(tmp_path.glob("more-*"))


@pytest.mark.parametrize("damage", ["missing", "cut off"])
def test_a_folder_that_does_not_say_its_rows_is_left_alone(tmp_path, damage):
    nnjax.sweep(alone, range(4), folder=tmp_path)
    rows = tmp_path / "rows.npz"
    content = rows.read_bytes()
    rows.unlink()
    if damage == "cut off":
        rows.write_bytes(content[:50])
    with pytest.raises(ValueError, match="seed: other seeds, and the folder does not say which"):
        nnjax.sweep(alone, range(8), folder=tmp_path)
    assert nnjax.sweep(alone, range(4), folder=tmp_path).shape == (4,)


def test_two_processes_may_begin_a_folder_at_once_with_other_rows(tmp_path, monkeypatch):
    """In a job array, one job may have recorded which sweep it runs, but not yet which rows it computes."""
    write, written = segments.write_rows, []
    monkeypatch.setattr(segments, "write_rows", lambda *arguments: written.append(arguments))
    monkeypatch.setattr(segments, "save", lambda *arguments: None)
    nnjax.sweep(alone, range(4), folder=tmp_path)
    monkeypatch.undo()
    threading.Timer(0.15, write, written[0]).start()
    assert same(nnjax.sweep(alone, range(4, 8), folder=tmp_path), nnjax.sweep(alone, range(4, 8)))
    assert len(list(tmp_path.glob("more-*/segment-*"))) == 1
    assert not list(tmp_path.glob("segment-*"))


def test_a_damaged_part_is_named(tmp_path):
    nnjax.sweep(alone, range(4), folder=tmp_path)
    nnjax.sweep(alone, range(8), folder=tmp_path)
    (part,) = tmp_path.glob("more-*")
    segments.segment_path(part, 0).write_bytes(b"")
    with pytest.raises(ValueError, match=r"more-.*segment-00000.npz is damaged"):
        nnjax.sweep(alone, range(8), folder=tmp_path)
