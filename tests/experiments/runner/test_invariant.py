"""A seed gives the same bits alone, among many and after resuming; training that breaks this is detected."""

import jax
import numpy as np

import nnjax
from experiments.runner import invariant
from experiments.runner.invariant import Case

SMALL = Case("2-1-1, matrix", (2, 1, 1), "matrix", (32,))


def test_a_seed_has_the_same_bits(monkeypatch, capsys):
    monkeypatch.setattr(invariant, "CASES", (SMALL,))
    monkeypatch.setattr(invariant, "UPDATES", 3)
    assert invariant.main(["--seeds", "70"]) == 0
    assert capsys.readouterr().out == "2-1-1, matrix: same bits\n"


def test_bits_that_depend_on_the_other_seeds_are_told(monkeypatch, capsys):
    monkeypatch.setattr(invariant, "CASES", (SMALL,))
    monkeypatch.setattr(invariant, "training", lambda case: lambda key: jax.random.normal(key))
    whole = nnjax.sweep

    def impure(fn, seeds, **options):
        return whole(fn, seeds, **options) + np.float32(len(seeds))

    monkeypatch.setattr(nnjax, "sweep", impure)
    assert invariant.main(["--seeds", "70"]) == 1
    assert "lane of 32: seed 69 alone" in capsys.readouterr().out
