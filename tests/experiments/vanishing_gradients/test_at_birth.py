"""Check networks that share draws against networks run one at a time, and what is stored about them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from experiments.runner.context import Context
from experiments.vanishing_gradients import at_birth, draws

WIDTH, DEPTHS = 6, (1, 4)
NAMES = ("sigmoid", "relu")
INITS = ("glorot_normal", "he_uniform", "orthogonal")


def one_network(activation, scheme, depth, key):
    """Run the same draws through nnjax.forward and nnjax.deltas, with targets set by the read-out vectors."""
    weights, (xs, vs) = draws.draw(key, WIDTH, max(DEPTHS), draws.KINDS)
    chosen = draws.scale(scheme, WIDTH) * np.asarray(weights[draws.kind(scheme)][:depth], float)
    network = nnjax.mlp((WIDTH,) * (depth + 1), activation, "identity", biases=False)
    params = tuple(nnjax.Layer(jnp.asarray(w), jnp.zeros(WIDTH)) for w in chosen)
    for x, v in zip(np.asarray(xs, float), np.asarray(vs, float), strict=True):
        trace = nnjax.forward(network, params, x)
        yield trace, nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)


@pytest.mark.slow
def test_rows_of_shared_draws_are_networks():
    key = nnjax.key(3)
    profile = jax.jit(at_birth.profile(WIDTH, DEPTHS, NAMES, INITS))(key)
    for k, activation in enumerate(NAMES):
        for c, scheme in enumerate(INITS):
            for d, depth in enumerate(DEPTHS):
                inputs = list(one_network(activation, scheme, depth, key))
                trace, deltas = inputs[0]
                first = np.linalg.norm(deltas[0])
                np.testing.assert_allclose(profile.first_delta[k, c, d], first, rtol=2e-5)
            norms = [np.linalg.norm(delta) for delta in deltas]
            np.testing.assert_allclose(profile.delta[k, c], norms, rtol=2e-5)
            norms = [np.linalg.norm(a) for a in trace.activations[1:-1]]
            np.testing.assert_allclose(profile.activation_norm[k, c, :-1], norms, rtol=2e-5)
            dead = [np.mean(z <= 0) for z in trace.net_inputs] if activation == "relu" else 0
            np.testing.assert_allclose(profile.dead[k, c], dead, rtol=1e-6)
            lengths = np.array([[np.linalg.norm(delta) for delta in deltas] for _, deltas in inputs])
            ratios = np.mean((lengths[:, :-1] / lengths[:, 1:]) ** 2, axis=0)
            np.testing.assert_allclose(profile.ratio[k, c], [*ratios, np.nan], rtol=5e-5)


def test_a_part_of_the_profile_is_stored_under_its_name():
    conditions = at_birth.Conditions((3,), (1, 2), ("relu",), ("he_normal",), 0)
    data = at_birth.measure(Context(), conditions, np.array([7, 8]))
    profile = nnjax.sweep(at_birth.profile(3, (1, 2), ("relu",), ("he_normal",)), [7, 8])
    for name, values in profile._asdict().items():
        stored = data[name].isel(width=0).transpose("seed", *at_birth.AXES[name])
        np.testing.assert_array_equal(stored, values, err_msg=name)
    assert data["seed"].values.tolist() == [7, 8]
    assert data["layer"].values.tolist() == [1, 2]
