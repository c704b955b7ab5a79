"""Depth scales where they are known in closed form."""

import math

import numpy as np
import pytest

from experiments.trainability.theory import depth_scale, scales


@pytest.mark.parametrize("variance", [0.5, 1.5, 3.0])
def test_relu_halves_the_variance(variance):
    chi, xi = depth_scale("relu", variance)
    assert chi == pytest.approx(variance / 2, rel=1e-9)
    assert xi == pytest.approx(1 / abs(math.log(variance / 2)), rel=1e-8)


@pytest.mark.parametrize("activation", ["identity", "tanh"])
@pytest.mark.parametrize("variance", [0.25, 0.6])
def test_small_signals_pass_straight_through(activation, variance):
    chi, xi = depth_scale(activation, variance)  # for tanh, q* = 0, and its slope at 0 is 1
    assert chi == pytest.approx(variance, rel=1e-9)
    assert xi == pytest.approx(1 / abs(math.log(variance)), rel=1e-8)


def test_balanced_weights_carry_a_signal_for_ever():
    chi, xi = depth_scale("relu", 2.0)
    assert chi == pytest.approx(1, abs=1e-9)
    assert xi > 1e8


def test_scales_come_in_the_order_of_the_variances():
    found = scales("relu", np.array([0.5, 1.0]))
    np.testing.assert_allclose(found["chi"], [0.25, 0.5], rtol=1e-9)
    assert found["xi"].attrs["units"] == "layers"
