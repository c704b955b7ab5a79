"""Approximation: a staircase stays within its promised error, and narrow networks are really narrow."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from experiments.runner.context import Context
from experiments.sentences import approximation


@pytest.mark.parametrize("name", approximation.FUNCTIONS)
@pytest.mark.parametrize("width", [1, 2, 7, 30])
def test_a_staircase_against_numpy(name, width):
    """Steps meet at the cuts; each is as high as the function at its middle and within the promised error."""
    f, steepest = approximation.FUNCTIONS[name]
    xs = np.linspace(-1, 1, 998)
    piece = np.minimum(((xs + 1) / 2 * (width + 1)).astype(int), width)
    wanted = f(-1 + (2 * piece + 1) / (width + 1))
    found = approximation.stepped(f, width, xs)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-12)
    assert np.abs(found - f(xs)).max() <= steepest / (width + 1) * (1 + 1e-9)


@pytest.mark.parametrize("name", approximation.FUNCTIONS)
def test_the_promise_is_kept_in_the_rises_too(name):
    """Each rise leads from one step to the next, and both steps are within the promised error at the cut."""
    f, steepest = approximation.FUNCTIONS[name]
    for width in (1, 2, 7, 30):
        cuts, _, _ = approximation.staircase(f, width)
        xs = (cuts[:, None] + np.linspace(-1e-5, 1e-5, 41)).ravel()
        off = np.abs(approximation.stepped(f, width, xs) - f(xs)).max()
        assert off <= steepest * (1 / (width + 1) + 1e-5)


@pytest.mark.parametrize("name", approximation.FUNCTIONS)
def test_the_steepest_slope(name):
    f, steepest = approximation.FUNCTIONS[name]
    xs = np.linspace(-1, 1, 200_001)
    np.testing.assert_allclose(np.abs(np.diff(f(xs)) / np.diff(xs)).max(), steepest, rtol=1e-6)


def test_the_best_line():
    """The best line for |x| is flat, and its error is half of |x|'s root mean square; a line's error is 0."""
    assert approximation.line_error(lambda x: 3 * x - 1) < 1e-12
    assert approximation.line_error(np.abs) == pytest.approx(np.sqrt(1 / 12), rel=0.02)


@pytest.mark.slow
def test_a_narrow_network_is_trained_as_if_the_other_nodes_were_not_there():
    epochs, width, name = 3, 2, "|x|"
    with jax.numpy_dtype_promotion("standard"):  # Optax's Adam mixes dtypes
        found = approximation.errors(Context(), np.array([5]), epochs)
    wide = nnjax.init(approximation.NETWORK, nnjax.key(5), "normal", "normal")
    spread = approximation.SPREAD
    narrow = nnjax.params(
        nnjax.mlp((1, width, 1), output="identity"),
        [spread * wide[0].weights[:, :width], np.asarray(wide[1].weights)[:width] / np.sqrt(width)],
        [spread * wide[0].biases[:width], np.zeros(1)],
    )
    xs = jnp.asarray(approximation.POINTS[:, None])
    with jax.numpy_dtype_promotion("standard"):
        trained, _ = nnjax.train(
            nnjax.mlp((1, width, 1), output="identity"),
            narrow,
            xs,
            jnp.abs(xs),
            optimizer=optax.adam(approximation.RATE),
            epochs=epochs,
        )
    fine = jnp.asarray(approximation.FINE[:, None])
    said = nnjax.predict_batch(nnjax.mlp((1, width, 1), output="identity"), trained, fine)
    off = np.asarray(said)[:, 0] - np.abs(approximation.FINE)
    one = found.sel(function=name, width=width)
    np.testing.assert_allclose(one["largest"][0], np.abs(off).max(), rtol=1e-4)
    np.testing.assert_allclose(one["typical"][0], np.sqrt(np.mean(off**2)), rtol=1e-4)
    np.testing.assert_allclose(one["said"], np.asarray(said)[:, 0], rtol=1e-3, atol=1e-5)
