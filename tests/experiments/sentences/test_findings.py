"""Test findings on made-up data: each is finite and occurs once, and few seeds give only exact ones."""

import numpy as np
import xarray as xr

from experiments.runner import expectations
from experiments.sentences.findings import findings


def test_every_expectation_has_its_finding_and_a_finite_number(data):
    judged = findings(data)
    assert {finding.id for finding in judged} == set(expectations.of("sentences"))
    assert len(judged) == len({finding.id for finding in judged})
    for finding in judged:
        assert np.all(np.isfinite([finding.measured, *finding.interval])), finding.id


def test_too_few_seeds_leave_what_is_exact(data):
    few = xr.DataTree.from_dict(
        {
            name: part.to_dataset().isel(seed=slice(4))
            if "seed" in part.to_dataset().sizes
            else part.to_dataset()
            for name, part in data.items()
        }
    )
    assert {finding.id for finding in findings(few)} == {
        "label-zero",
        "label-zero-anywhere",
        "larger-activation-same-node",
        "rows-48-sum",
        "approximation-promise",
        "momentum-least-squares",
        "momentum-plain-rate",
        "figure-3-loss",
        "figure-3-gradient",
        "figure-3-curvature",
    }


def test_the_label_0_turns_the_sign(data):
    measured = {finding.id: finding.measured for finding in findings(data)}
    np.testing.assert_allclose(measured["label-zero"], -0.288, rtol=1e-12)
    assert measured["label-zero-anywhere"] == -0.2
