"""The networks on which the views are timed, and a made-up clock that decides which view is fast."""

import numpy as np
import pytest

import nnjax
from experiments.benchmark import views
from experiments.benchmark.views import CASES, Case


def test_labels_are_for_people():
    assert [Case((13, 5, 1), 10, order).label for order in ("own", "one", "none")] == [
        "13-5-1, 10 rows, own order",
        "13-5-1, 10 rows, one order",
        "13-5-1, 10 rows",
    ]
    assert len({case.label for case in CASES}) == len(CASES) == 16


@pytest.mark.parametrize("case", [CASES[0], CASES[7], CASES[11], CASES[-1]], ids=lambda case: case.label)
def test_the_work_has_the_cases_rows_and_order(case):
    work = views.random_work(case, seeds=3)
    assert work.rows_per_update == case.rows
    assert work.order_per_seed == (case.order == "own")
    assert len(work.xs) == (case.rows if case.order == "none" else 4 * case.rows)
    assert (work.seeds, work.steps, work.network.sizes) == (3, 48, case.sizes)


def test_the_ratio_is_the_best_others_time_over_the_named_ones(monkeypatch):
    """On a made-up clock, the named view takes 1 s, and the other views take 2 and 3 s."""
    case = Case((2, 2, 1), 4, "none")
    seconds = {"nodes": 1.0, "matrix": 2.0, "columns": 3.0}
    assert nnjax.fastest_view(nnjax.mlp(case.sizes), 4) == "nodes"

    def job(view):
        def run():
            return view

        return run

    monkeypatch.setattr(views.peers, "nnjax_sweep", lambda view, work: job(view))
    monkeypatch.setattr(views, "clock", lambda job: (seconds[job()], None))
    assert views.over_the_best_other(views.random_work(case, 1), repeats=2) == [2.0, 2.0]
    monkeypatch.setattr(views, "over_the_best_other", lambda work, repeats: [1.0] * repeats)
    data = views.tried(repeats=2, seeds=1)
    assert dict(data.sizes) == {"case": 16, "repeat": 2}
    assert data["rows"].values.tolist() == [4] * 6 + [10] * 8 + [32] * 2
    assert np.unique(data["order"]).tolist() == ["none", "one", "own"]
