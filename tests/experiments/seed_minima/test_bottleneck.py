"""The linear network's critical points and end points agree with theory."""

import numpy as np
import optax
import pytest

from experiments.runner.context import Context
from experiments.seed_minima import bottleneck


def test_the_linear_networks_critical_points():
    points = bottleneck.critical_points()
    np.testing.assert_allclose(points["loss"], points["theory"], rtol=1e-12)
    assert points["negative"].values.tolist() == points["downhill"].values.tolist()


@pytest.mark.slow
def test_every_seed_ends_at_another_point_with_the_same_function_and_loss():
    data = bottleneck.linear(Context(), np.arange(64))
    np.testing.assert_allclose(data["loss"], float(data["least"]), rtol=1e-9)
    np.testing.assert_allclose(data["least"], bottleneck.critical_points()["theory"][0], rtol=1e-12)
    assert np.ptp(data["weights"].values, axis=0).max() > 0.1
    np.testing.assert_allclose(data["product"][1], data["product"][0], rtol=1e-6, atol=1e-9)


def test_a_linear_network_that_diverges_is_an_error(monkeypatch):
    monkeypatch.setattr(bottleneck.optax, "sgd", lambda *_: optax.scale(-1.0))
    with pytest.raises(FloatingPointError, match="diverged"):
        bottleneck.linear(Context(), np.arange(2))
