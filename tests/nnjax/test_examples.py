"""The handout's network gives the handout's printed numbers, in both precisions."""

import jax
import jax.numpy as jnp
import pytest

import nnjax


@pytest.mark.parametrize("double", [False, True])
def test_the_handouts_numbers(double):
    with jax.enable_x64(double):
        network, params, x, y = nnjax.handout()
        trace = nnjax.forward(network, params, x)
        assert f"{trace.net_inputs[0][0]:.1f}" == "2.6"
        assert f"{trace.activations[1][0]:.7f}" == "0.9308616"
        assumed = nnjax.Trace(trace.net_inputs, (*trace.activations[:-1], jnp.array([0.6])))
        delta = nnjax.deltas(network, params, assumed, y)
        assert f"{delta[-1][0]:.3f}" == "0.192"
        assert f"{delta[0][0]:.8f}" == "0.00988543"
        change = nnjax.weight_change(0.01, delta[-1], trace.activations[1])
        assert f"{change[0, 0]:.9f}" == "0.001787254"
        assert params[1].weights[:, 0].round(6).tolist() == pytest.approx([0.8, 0.5, 0.1, 0.6], rel=1e-6)
        assert not any(bool(jnp.any(layer.biases)) for layer in params)
        assert {part.dtype for layer in params for part in layer} == {x.dtype} == {y.dtype}
