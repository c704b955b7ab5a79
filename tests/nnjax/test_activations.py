"""Check activations against independent formulas and derivatives, and check the properties that they claim.

A new activation needs no line in this file: even without a formula in VALUES, it is compared with jax.grad,
finite differences and the properties that it claims.
"""

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


@pytest.mark.parametrize("name", VALUES)
def test_value(name):
    got = nnjax.ACTIVATIONS[name].value(jnp.asarray(Z))
    np.testing.assert_allclose(got, VALUES[name](Z), rtol=1e-12, atol=0)


@every
def test_derivative_equals_jax_grad(name):
    # Beyond |z| = 4, the rounding error of `a` alone changes 1 - a² by over 1e-16 / (1 - tanh 4) = 2e-13.
    f, z = nnjax.ACTIVATIONS[name], jnp.asarray(Z[abs(Z) <= 4])
    expected = jax.vmap(jax.grad(f.value))(z)
    np.testing.assert_allclose(f.derivative(z, f.value(z)), expected, rtol=2e-12, atol=0)


@every
def test_derivative_equals_finite_differences(name):
    f, z, h = nnjax.ACTIVATIONS[name], jnp.asarray(Z[Z != 0]), 1e-6
    expected = (f.value(z + h) - f.value(z - h)) / (2 * h)
    np.testing.assert_allclose(f.derivative(z, f.value(z)), expected, rtol=1e-6, atol=1e-9)


@every
def test_properties_are_what_they_are_said_to_be(name):
    """Each property is true of the activations that claim it, and false of the others."""
    f, z = nnjax.ACTIVATIONS[name], jnp.asarray(Z)
    a, mirrored = f.value(z), f.value(-z)

    def same(one, other):
        return bool(np.allclose(one, other, rtol=1e-12, atol=1e-15))

    assert f.odd == same(mirrored, -a)
    assert f.complement == same(mirrored, 1 - a)
    assert f.homogeneous == all(same(f.value(c * z), c * a) for c in (0.3, 7.0))
    claimed = np.zeros(len(Z), bool) if f.exactly_flat is None else f.exactly_flat(z)
    np.testing.assert_array_equal(claimed, f.derivative(z, a) == 0)


@every
@pytest.mark.parametrize("size", [100.0, 1e4])
def test_finite_far_out_in_float32(name, size):
    f, z = nnjax.ACTIVATIONS[name], jnp.array([-size, size], jnp.float32)
    a = f.value(z)
    d = f.derivative(z, a)
    assert a.dtype == d.dtype == jnp.float32
    assert bool(jnp.all(jnp.isfinite(a)))
    assert bool(jnp.all(jnp.isfinite(d)))
    if name in VALUES:
        np.testing.assert_allclose(a, VALUES[name](np.array([-size, size])), rtol=1e-6, atol=1e-37)


def test_relu_has_slope_zero_at_zero():
    assert float(nnjax.ACTIVATIONS["relu"].derivative(jnp.zeros(()), jnp.zeros(()))) == 0


def test_one_activation_per_node():
    names, z = ("relu", "sigmoid", "relu", "tanh"), jnp.array([-1.0, 0.5, 2.0, 0.3])
    expected = [float(nnjax.ACTIVATIONS[name].value(value)) for name, value in zip(names, z, strict=True)]
    np.testing.assert_array_equal(nnjax.activations.activate(names, z), expected)
    slopes = [
        float(nnjax.ACTIVATIONS[name].derivative(v, f))
        for name, v, f in zip(names, z, jnp.array(expected), strict=True)
    ]
    np.testing.assert_array_equal(nnjax.activations.slope(names, z, jnp.array(expected)), slopes)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="unknown activation 'sigmiod'"):
        nnjax.activations.find("sigmiod")
