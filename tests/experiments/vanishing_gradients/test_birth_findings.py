"""Check mean-field theory's factor on networks at birth that follow the theory, and on some that do not."""

import numpy as np
import pytest

from experiments.vanishing_gradients import birth_findings

CONDITIONS = 6
"""Two activations times three distinct schemes: at equal widths, LeCun's and Glorot's are the same."""


@pytest.mark.parametrize("error, outside", [(0.0, 0), (0.05, CONDITIONS)])
def test_conditions_whose_factor_is_not_the_theorys_are_counted(small_data, monkeypatch, error, outside):
    monkeypatch.setattr(birth_findings, "WIDE", 16)
    birth, unequal = small_data["birth"].to_dataset(), small_data["laws/unequal_widths"].to_dataset()
    squares = birth["predicted"].transpose("width", "activation", "init", "layer")
    factor = (squares / squares.shift(layer=-1)).values[..., None] * (1 + error)
    noise = 1 + 1e-4 * np.random.default_rng(0).random(birth.sizes["seed"])
    ratio = birth["ratio"].transpose("width", "activation", "init", "layer", "seed")
    birth["ratio"] = ratio.copy(data=factor * noise)
    birth["delta"] = birth["delta"].copy(data=np.ones(birth["delta"].shape))
    judged = birth_findings.findings(birth, small_data["handout"].to_dataset(), unequal)
    chi = next(finding for finding in judged if finding.id == "chi-2-percent")
    assert chi.measured == outside
    assert chi.verdict == ("differs" if outside else "agrees")
