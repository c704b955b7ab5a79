"""Every view computes the same results in its own layout; sizes and rows decide which view is fastest."""

import dataclasses

import chex
import jax
import pytest
from cases import CASES, assert_same_gradients, truth

import nnjax
from nnjax import losses
from nnjax.views import VIEWS, scalar_products


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("name", ["per node", "no biases"])
def test_every_view_has_the_same_loss_and_gradients(view, name):
    case = dataclasses.replace(CASES[name], rows=2)
    params, xs, ys = case.draw()
    loss = losses.find(case.loss)

    @jax.jit
    def computed(params):
        layout = view.enter(params)
        batch = case.network, layout, xs, ys, loss
        return view.total_loss(*batch), view.leave(view.gradients(*batch)), view.leave(layout)

    total, grads, again = computed(params)
    chex.assert_trees_all_close(total, nnjax.total_loss(case.network, params, xs, ys, case.loss), rtol=1e-12)
    assert_same_gradients(grads, truth(case, params, xs, ys))
    chex.assert_trees_all_equal(again, params)


def test_scalar_products():
    assert scalar_products(nnjax.mlp((2, 3, 4)), 5) == 5 * (2 * 3 + 3 * 4)


def test_what_is_no_network_has_no_fastest_view(without_shape_checks):
    with pytest.raises(TypeError, match=r"network must be a nnjax\.Network, .*; got str"):
        nnjax.fastest_view("2, 2, 1", 4)


def test_the_faster_view():
    assert nnjax.fastest_view(nnjax.mlp((2, 2, 1)), 4) == "nodes"
    assert nnjax.fastest_view(nnjax.mlp((64, 30, 10)), 10) == "columns"
    assert nnjax.fastest_view(nnjax.mlp((64, 30, 10)), 9) == "matrix"
    assert nnjax.fastest_view(nnjax.mlp((64, 30, 30, 10)), 10) == "matrix"
    with pytest.raises(ValueError, match="rows must be 1 or more, got 0"):
        nnjax.fastest_view(nnjax.mlp((2, 2, 1)), 0)
