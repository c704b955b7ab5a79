"""Check the node-by-node view against jax.grad, and its passes against the matrix view's."""

import dataclasses

import chex
import jax
from cases import CASES, assert_gradients_of, every_case, jitted

import nnjax
from nnjax import nodewise


@every_case
def test_gradients_equal_jax_grad(case):
    # Every row is compiled separately, and two rows are enough to make a batch.
    assert_gradients_of(jitted(nodewise.gradients), dataclasses.replace(case, rows=2))


@every_case
def test_forward_and_deltas_are_the_matrix_views(case):
    params, xs, ys = case.draw()
    views = (nnjax, nodewise)
    traces = [jax.jit(view.forward)(case.network, params, xs[0]) for view in views]
    chex.assert_trees_all_close(*traces, rtol=1e-12)
    back = [jax.jit(view.deltas, static_argnums=4) for view in views]
    pair = [deltas(case.network, params, traces[0], ys[0], case.loss) for deltas in back]
    chex.assert_trees_all_close(*pair, rtol=1e-12)


def test_joining_gives_back_what_was_split():
    params, _, _ = CASES["sigmoid"].draw()
    nodes = nodewise.split(params)
    assert [(len(weights), len(biases)) for weights, biases in nodes] == [(3, 5), (5, 4), (4, 2)]
    chex.assert_trees_all_equal(nodewise.join(nodes), params)
