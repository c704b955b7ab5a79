"""Barriers between trained networks agree with an independent run."""

import numpy as np
import pytest

from experiments.runner.context import Context
from experiments.seed_minima import barriers

LONG = True


@pytest.mark.slow
def test_barriers_fall_when_networks_are_aligned():
    """An independent run with 3 other pairs gave barriers of 0.430 before and 0.011 after alignment."""
    data = barriers.barriers(Context(), np.arange(3), 100)
    np.testing.assert_allclose(np.mean(data["before"]), 0.430, rtol=0.3)
    np.testing.assert_allclose(np.mean(data["after"]), 0.011, rtol=0.5)
    pairs = zip(data["first_seed"].values.tolist(), data["second_seed"].values.tolist(), strict=True)
    assert list(pairs) == [(0, 1), (0, 2), (1, 2)]
