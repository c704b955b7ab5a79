"""Test which rate is best, which depth fails first, and how large gradients are."""

import numpy as np

import nnjax
from experiments.vanishing_gradients import draws, readers
from experiments.vanishing_gradients.recipes import Recipe, Task
from experiments.vanishing_gradients.training import Group, Record, as_dataset
from nnjax.datasets import Data

DEPTHS = (1, 3, 9)
PLUS_AND_MINUS = Data(np.zeros((2, 1)), np.array([[1.0], [-1.0]]))
"""Labels for which the best constant answer, 0, has a loss of 1."""


def trained(losses):
    """Make final losses (depth, seed, rate) for one kind of initial weights."""
    recipes = [Recipe(depth, rates=(0.1, 0.3)) for depth in DEPTHS]
    task = Task("signs", PLUS_AND_MINUS, PLUS_AND_MINUS, 2, 1)
    group = Group(task, 0, {"start": ["s"], "depth": DEPTHS}, recipes)
    records = [
        Record(loss[..., None], loss[..., None], np.zeros((*loss.shape, 0, depth)))
        for depth, loss in zip(DEPTHS, np.asarray(losses, float), strict=True)
    ]
    return as_dataset(group, records, np.arange(2))


def test_the_first_depth_that_is_not_learnt():
    chosen = readers.best(trained([[[0.1, 0.2], [0.1, 0.2]], [[np.nan, 0.8], [0.1, 0.95]], [[2, 3], [2, 3]]]))
    assert float(chosen["constant"]) == 1
    assert chosen["rate"].values.ravel().tolist() == [0.1, 0.3, 0.1]
    assert chosen["tried"].sel(start="s").values.tolist() == [[0.1, 0.3]] * 3
    assert readers.first_failing(chosen, "s").tolist() == [9, 3]
    chosen = readers.best(trained(np.full((3, 2, 2), 0.1)))
    assert readers.first_failing(chosen, "s").tolist() == [np.inf, np.inf]


def test_weight_gradients_are_those_of_a_network(small_data):
    birth = small_data["birth"].to_dataset()
    gradient = readers.weight_gradient(birth, "he_normal", 16)[:, 0]
    seed, layers = int(birth["seed"][0]), birth.sizes["layer"]
    weights, (xs, vs) = draws.draw(nnjax.key(seed), 16, layers, ("normal",))
    network = nnjax.mlp((16,) * (layers + 1), "relu", "identity", biases=False)
    scaled = draws.scale("he_normal", 16) * np.asarray(weights["normal"], float)
    params = tuple(nnjax.Layer(w, np.zeros(16)) for w in scaled)
    x, v = np.asarray(xs[0], float), np.asarray(vs[0], float)
    trace = nnjax.forward(network, params, x)
    deltas = nnjax.deltas(network, params, trace, trace.activations[-1] + v / 2)
    expected = [
        np.linalg.norm(np.outer(a, delta)) for a, delta in zip(trace.activations[:-1], deltas, strict=True)
    ]
    np.testing.assert_allclose(gradient, expected, rtol=1e-4)


def test_the_widest_network_is_one_that_was_drawn(small_data):
    birth = small_data["birth"].to_dataset()
    widest = readers.widest(birth, "relu", "he_normal")
    assert widest is not None
    assert widest.width == 16
    assert readers.widest(birth, "relu", "orthogonal") is None
    assert readers.widest(birth, "tanh", "he_normal") is None
    birth["delta"].loc[{"activation": "relu", "init": "he_normal", "seed": birth["seed"][0]}] = np.nan
    assert readers.widest(birth, "relu", "he_normal") is None
