"""Check exact laws against other ways of computing them, and check the samples' labels."""

import functools

import numpy as np
import pytest
from scipy import integrate

import nnjax
from experiments.vanishing_gradients import exact_laws
from nnjax import signal_propagation


@pytest.mark.slow
@pytest.mark.parametrize("width", [2, 8, 30])
def test_the_spread_of_one_relu_step_by_integration(width):
    def moment(power):
        """Compute E[(log r)ᵖ] as ∫ P(r > eᵗ) d(tᵖ) over t > 0 minus ∫ P(r < eᵗ) d(tᵖ) over t < 0."""

        up, down = np.linspace(0, 6, 601), np.linspace(-40, 0, 2401)
        above, below = 1 - cdf(np.exp(up)), cdf(np.exp(down))
        right = integrate.simpson(above * power * up ** (power - 1), x=up)
        return right - integrate.simpson(below * power * down ** (power - 1), x=down)

    cdf = functools.partial(signal_propagation.relu_step_cdf, width)
    expected = moment(1), moment(2) - moment(1) ** 2
    np.testing.assert_allclose(exact_laws.log_moments(width), expected, rtol=1e-6)


def test_theory_of_unequal_widths_is_met():
    sigmoid = {"activation": np.array([exact_laws.UNEQUAL_ACTIVATIONS.index("sigmoid")], np.int32)}
    ratios = nnjax.sweep(exact_laws.unequal((40, 160, 80, 1), "lecun_normal"), range(300), sigmoid)[:, 0]
    expected = exact_laws.unequal_theory((40, 160, 80, 1), "sigmoid", "lecun_normal")
    error = np.abs(ratios.mean(axis=0) - expected)
    assert np.all(error < 4 * ratios.std(axis=0) / np.sqrt(300) + 0.01 * expected)


def test_samples_carry_their_own_seeds_and_sizes(small_data, small_config):
    laws, (width, layers) = small_data["laws"], exact_laws.NARROW
    samples, few = small_config.samples, small_config.samples // exact_laws.FEWER
    assert laws["one_layer"].sizes["seed"] == laws["dead"].sizes["seed"] == samples
    assert small_data["handout"].sizes["seed"] == laws["narrow"].sizes["seed"] == few
    assert laws["unequal_widths"].sizes["seed"] == small_config.seeds
    assert (int(laws["narrow"]["width"]), int(laws["narrow"]["layers"])) == (width, layers)
    assert laws["unequal_widths"]["nodes"].values.tolist() == [4, 3, 1]
