"""The manual backward pass against jax.grad, and against finite differences."""

import dataclasses

import chex
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from cases import (
    CASES,
    Case,
    assert_close_in_each_layer,
    assert_gradients_of,
    assert_same_gradients,
    gradients,
    jitted,
    truth,
)
from hypothesis import given, settings
from jax.test_util import check_grads

import nnjax

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_view = pytest.mark.parametrize(
    "view", [nnjax.backprop, nnjax.columnwise, nnjax.nodewise], ids=["matrix", "columns", "nodes"]
)


@every_view
@every_case
def test_gradients_equal_jax_grad(view, case):
    if view is nnjax.nodewise:  # every row is compiled by itself
        case = dataclasses.replace(case, rows=3)
    assert_gradients_of(jitted(view.gradients), case)


@st.composite
def architectures(draw):
    sizes = tuple(draw(st.lists(st.integers(1, 9), min_size=2, max_size=6)))
    names = st.sampled_from(sorted(nnjax.ACTIVATIONS))
    layers = [
        draw(st.one_of(names, st.tuples(*[names] * width)))  # one name, or one per node
        for width in sizes[1:]
    ]
    # The softmax of one output is refused.
    losses = [name for name in sorted(nnjax.LOSSES) if sizes[-1] > 1 or not name.startswith("softmax")]
    loss = draw(st.sampled_from(losses))
    layers[-1] = "identity" if loss != "sse" else layers[-1]
    return Case(sizes, tuple(layers), loss, draw(st.integers(1, 8)), draw(st.booleans()))


def _check_random(case, seed):
    assert_gradients_of(jitted(nnjax.gradients), case, seed)
    params, xs, ys = case.draw(seed)
    few = case.network, params, xs[:2], ys[:2], case.loss
    matrix, *others = (jitted(v.gradients)(*few) for v in (nnjax, nnjax.columnwise, nnjax.nodewise))
    for other in others:
        assert_same_gradients(other, matrix)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(case=architectures(), seed=st.integers(0, 2**32 - 1))
def test_random_architectures(case, seed):
    _check_random(case, seed)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, derandomize=True)
@given(case=architectures(), seed=st.integers(0, 2**32 - 1))
def test_many_random_architectures(case, seed):
    _check_random(case, seed)


@every_case
def test_forward_and_deltas_agree_between_the_views(case):
    params, xs, ys = case.draw()
    views = (nnjax, nnjax.nodewise)
    traces = [jax.jit(view.forward)(case.network, params, xs[0]) for view in views]
    chex.assert_trees_all_close(*traces, rtol=1e-12)
    back = [jax.jit(view.deltas, static_argnums=4) for view in views]
    pair = [deltas(case.network, params, traces[0], ys[0], case.loss) for deltas in back]
    chex.assert_trees_all_close(*pair, rtol=1e-12)


@every_case
def test_float32(case):
    # 2e-5: rounding 6e-8 times a few hundred operations.
    params, xs, ys = case.draw(dtype=jnp.float32)
    got = gradients(case.network, params, xs, ys, case.loss)
    chex.assert_trees_all_equal_dtypes(got, params)
    wide = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), (params, xs, ys))
    assert_close_in_each_layer(got, truth(case, *wide), rtol=2e-5)


class Variants(chex.TestCase):
    @chex.variants(with_jit=True, without_jit=True)
    def test_over_seeds(self):
        case = CASES["per node"]
        draws = [case.draw(seed) for seed in range(3)]
        stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *draws)
        gradients = self.variant(jax.vmap(lambda p, x, y: nnjax.gradients(case.network, p, x, y)))(*stacked)
        for seed, draw in enumerate(draws):
            own = jax.tree.map(lambda leaf, seed=seed: leaf[seed], gradients)
            assert_same_gradients(own, truth(case, *draw))


@pytest.mark.parametrize("name", ["sigmoid", "per node", "softmax", "binary"])
def test_finite_differences_as_second_oracle(name):
    case = CASES[name]
    params, xs, ys = case.draw()

    @jax.custom_vjp
    def loss(params):
        return nnjax.total_loss(case.network, params, xs, ys, case.loss)

    loss.defvjp(
        lambda p: (loss(p), p),
        lambda p, g: (jax.tree.map(lambda d: g * d, nnjax.gradients(case.network, p, xs, ys, case.loss)),),
    )
    check_grads(loss, (params,), order=1, modes=["rev"], rtol=1e-6, atol=1e-9)


def test_saturated_sigmoid_against_closed_form():
    """At z = 30, 1 - a = e⁻³⁰/(1 + e⁻³⁰): jax.grad uses a(1 - a) itself and is no oracle here."""
    network = nnjax.mlp((1, 1), output="sigmoid")
    for z in (-30.0, -12.0, 12.0):
        params = (nnjax.Layer(jnp.array([[z]]), jnp.zeros(1)),)
        got = nnjax.gradients(network, params, jnp.ones((1, 1)), jnp.full((1, 1), 0.5))
        t = np.exp(-abs(z))
        error = np.sign(z) * -0.5 * (1 - t) / (1 + t)  # y - ŷ
        expected = -2 * error * t / (1 + t) ** 2
        # 1 - a itself is only known to 1e-16 / e^-|z| for positive z.
        rtol = 1e-13 if z < 0 else 3e-16 * np.exp(z)
        np.testing.assert_allclose(got[0].weights[0, 0], expected, rtol=rtol, atol=0)


def test_one_compilation_per_shape():
    case = CASES["sigmoid"]
    traced = jax.jit(chex.assert_max_traces(nnjax.gradients, n=1), static_argnums=(0,))
    for seed in range(3):
        traced(case.network, *case.draw(seed))
    params, xs, ys = case.draw()
    with pytest.raises(AssertionError):
        traced(case.network, params, xs[:2], ys[:2])
