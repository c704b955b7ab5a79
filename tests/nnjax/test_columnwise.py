"""Check the column view against jax.grad, and its layout against the matrix view's."""

import jax
import numpy as np
from cases import CASES, assert_gradients_of, every_case, jitted

import nnjax
from nnjax import columnwise


@every_case
def test_gradients_equal_jax_grad(case):
    assert_gradients_of(jitted(columnwise.gradients), case)


@every_case
def test_columns_hold_what_rows_hold(case):
    params, xs, _ = case.draw()
    columns = jax.jit(columnwise.column_forward, static_argnums=0)(case.network, columnwise.turn(params), xs)
    rows = jax.jit(jax.vmap(nnjax.forward, (None, None, 0)), static_argnums=0)(case.network, params, xs)
    for column, row in zip(jax.tree.leaves(columns), jax.tree.leaves(tuple(rows)), strict=True):
        np.testing.assert_allclose(column.T, row, rtol=1e-12)


def test_turning_twice_gives_the_parameters_back():
    params, _, _ = CASES["sigmoid"].draw()
    turned = columnwise.turn(params)
    assert [layer.weights.shape for layer in turned] == [(5, 3), (4, 5), (2, 4)]
    for layer, again in zip(params, columnwise.turn(turned), strict=True):
        np.testing.assert_array_equal(layer.weights, again.weights)
        np.testing.assert_array_equal(layer.biases, again.biases)
