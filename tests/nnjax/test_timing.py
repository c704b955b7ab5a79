"""Views are sorted by seconds per run, fastest first; all are measured, however little time is given."""

import itertools
import re

import numpy as np
import optax
import pytest

import nnjax
from nnjax import timing

NETWORK = nnjax.mlp((2, 2, 1))
DATA = [np.asarray(part, np.float32) for part in nnjax.datasets.xor()]


def train(key, view):
    params = nnjax.init(NETWORK, key, dtype=np.float32)
    return nnjax.train(NETWORK, params, *DATA, optimizer=optax.sgd(np.float32(0.1)), epochs=2, view=view)[0]


@pytest.fixture
def clocked(monkeypatch):
    """Let a sweep take a known time for each seed, and five times as long when it compiles."""
    now, compiled = [0.0], []
    cost = {"matrix": 3.0, "columns": 1.0, "nodes": 2.0, "native": 0.5}

    def sweep(fn, seeds):
        now[0] += cost[fn.keywords["view"]] * len(seeds) * (1 if fn in compiled else 5)
        compiled.append(fn)

    monkeypatch.setattr(timing, "sweep", sweep)
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])
    return compiled


@pytest.mark.parametrize("seconds", [0.0, 1000.0])
def test_the_fastest_comes_first(clocked, seconds):
    times = nnjax.time_views(train, seeds=4, seconds=seconds)
    assert list(times.items()) == [("columns", 1.0), ("nodes", 2.0), ("matrix", 3.0)]
    assert len(clocked) == 6 if seconds == 0.0 else len(clocked) > 100


def test_views_are_chosen(clocked):
    assert list(nnjax.time_views(train, views=["nodes", "matrix"])) == ["nodes", "matrix"]
    assert list(nnjax.time_views(train, views=["native", "columns"])) == ["native", "columns"]


def test_a_real_sweep_is_timed():
    times = nnjax.time_views(train, seeds=3, seconds=0.0, views=["matrix", "columns"])
    assert set(times) == {"matrix", "columns"}
    assert all(0 < seconds < 60 for seconds in times.values())
    assert all(a <= b for a, b in itertools.pairwise(times.values()))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"views": []}, "views must name at least one of matrix, columns, nodes; got []"),
        ({"views": ["rows"]}, "unknown view 'rows'"),
        ({"views": "nodes"}, "views must be a list of names, such as ['nodes']; got 'nodes'"),
        ({"seeds": 0}, "seeds must be"),
        ({"seconds": np.ones(2)}, "seconds must be"),
    ],
)
def test_refused(options, message, without_shape_checks):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        nnjax.time_views(train, **options)
