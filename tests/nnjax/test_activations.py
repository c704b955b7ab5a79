import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import special, stats

import nnjax

Z = np.linspace(-9, 9, 181)

# Independent oracles: SciPy's special functions and closed forms.
VALUES = {
    "sigmoid": special.expit,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
    "tanh": np.tanh,
    "leaky_relu": lambda z: np.maximum(z, 0.01 * z),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "softplus": lambda z: np.logaddexp(z, 0),
    "silu": lambda z: z * special.expit(z),
    "gelu": lambda z: z * stats.norm.cdf(z),
}
every = pytest.mark.parametrize("name", nnjax.ACTIVATIONS)


@every
def test_value(name):
    got = nnjax.ACTIVATIONS[name].value(jnp.asarray(Z))
    np.testing.assert_allclose(got, VALUES[name](Z), rtol=1e-12, atol=0)


@every
def test_derivative_equals_jax_grad(name):
    # Beyond |z| = 4 the rounding of a alone moves 1 - a² by more: 1e-16 / (1 - tanh 4) = 2e-13.
    f, z = nnjax.ACTIVATIONS[name], jnp.asarray(Z[abs(Z) <= 4])
    expected = jax.vmap(jax.grad(f.value))(z)
    np.testing.assert_allclose(f.derivative(z, f.value(z)), expected, rtol=2e-12, atol=0)


@every
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_finite_far_out_in_float32(name, size):
    f, z = nnjax.ACTIVATIONS[name], jnp.array([-size, size], jnp.float32)
    a = f.value(z)
    d = f.derivative(z, a)
    assert a.dtype == d.dtype == jnp.float32
    assert bool(jnp.all(jnp.isfinite(a)))
    assert bool(jnp.all(jnp.isfinite(d)))
    np.testing.assert_allclose(a, VALUES[name](np.array([-size, size])), rtol=1e-6, atol=1e-37)


def test_relu_has_slope_zero_at_zero():
    assert float(nnjax.ACTIVATIONS["relu"].derivative(jnp.zeros(()), jnp.zeros(()))) == 0


def test_one_activation_per_node():
    names, z = ("relu", "sigmoid", "relu", "tanh"), jnp.array([-1.0, 0.5, 2.0, 0.3])
    expected = [float(nnjax.ACTIVATIONS[name].value(value)) for name, value in zip(names, z, strict=True)]
    np.testing.assert_array_equal(nnjax.activations.activate(names, z), expected)
