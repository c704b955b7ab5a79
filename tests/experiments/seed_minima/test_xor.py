"""XOR's levels agree with those found by counting; a long run's shares agree with an independent run's."""

import numpy as np
import pytest

from experiments.runner.context import Context
from experiments.seed_minima import xor
from nnjax import minima

LONG = True


def test_levels():
    assert xor.level([0.01, 0.49, 0.66, 1.019, 0.3, np.nan]).tolist() == [0, 1, 2, 3, -1, -1]


def test_the_levels_are_what_rows_that_share_an_output_cost():
    """Each grouping of XOR's rows gives a level: the sum over its groups of min over p of Σ (yₙ - p)²."""
    ys = np.array([0.0, 1, 1, 0])
    costs = set()
    for groups in np.ndindex(4, 4, 4, 4):
        parts = [ys[np.array(groups) == g] for g in set(groups)]
        costs.add(round(sum(np.sum((part - part.mean()) ** 2) for part in parts), 12))
    assert costs == {round(value, 12) for value in xor.LEVELS}


def test_every_level_has_a_flag():
    for flags in (xor.LEVEL_FLAGS, xor.VERDICT_FLAGS):
        assert len(flags["flag_values"]) == len(flags["flag_meanings"].split())
    assert set(xor.level([0, 0.5, 2 / 3, 1, 9])) < set(xor.LEVEL_FLAGS["flag_values"])


@pytest.mark.slow
def test_xors_shares_and_certificates(monkeypatch):
    """An independent run of 8000 seeds gave 75.9, 22.5 and 1.6 %; a gap of 2 points is 4 standard errors."""
    monkeypatch.setattr(xor, "LONGER", 1)  # not needed here
    data = xor.ends(Context(), np.arange(8000), 15_000)
    shares = [np.mean(data["level"].values == level) for level in range(3)]
    assert np.all(np.abs(np.array(shares) - [0.759, 0.225, 0.016]) < [0.02, 0.02, 0.006])
    # Hamey 1998: no end point is a minimum. At loss 0 all lie on plateaus; at ⅔ one direction still curves
    # down.
    verdicts = data["verdict"].values
    assert not np.any(np.isin(verdicts, [minima.STRICT, minima.FLAT]))
    assert np.all(verdicts[data["level"].values == 0] == minima.PLATEAU)
    assert np.mean(verdicts == minima.SADDLE) < 0.025
