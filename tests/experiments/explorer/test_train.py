"""For 200 XOR seeds, training ends at the same losses as in nnjax, and one step gives the same numbers."""

import jax
import jax.numpy as jnp
import node
import numpy as np
import optax
import pytest

import nnjax
from nnjax import datasets

LONG = True  # 200 seeds take 5000 steps each
SEEDS, STEPS, RATE = 200, 5000, 2.0
NETWORK = nnjax.mlp((2, 2, 1))


def ends(seeds, steps, dtype):
    """Parameters and SSE of XOR networks from a few seeds."""

    def end(key):
        start = nnjax.init(NETWORK, key, "normal", "normal", dtype=dtype)
        how = {"optimizer": optax.sgd(RATE), "epochs": steps, "view": "nodes"}
        params, history = nnjax.train(NETWORK, start, *datasets.xor(), **how)
        return params, history.loss

    return nnjax.sweep(end, range(seeds))


def level(losses):
    distance = np.abs(np.asarray(losses)[:, None] - np.array([0, 1 / 2, 2 / 3]))
    return np.where(distance.min(axis=1) <= 0.02, distance.argmin(axis=1), -1)


@pytest.mark.slow
def test_every_seed_ends_where_nnjax_has_it_end():
    body = """return given.map((seed) => m.levelOf(m.xorLoss(m.descend(m.start(2, seed), 5000, 2))));"""
    theirs = node.evaluate("train.mjs", body, list(range(SEEDS)))
    _, losses = ends(SEEDS, STEPS, jnp.float32)
    assert list(level(losses)) == theirs
    assert {0, 1} <= set(theirs)


def test_a_few_steps_are_nnjaxs_in_float64():
    body = "return given.map((seed) => m.unflat(m.descend(m.start(2, seed), 3, 2)))"
    params, _ = ends(5, 3, jnp.float64)
    for seed, theirs in enumerate(node.evaluate("train.mjs", body, list(range(5)))):
        for layer, (weights, biases) in zip(
            theirs, jax.tree.map(lambda a, s=seed: a[s], params), strict=True
        ):
            # Initial weights are normal draws, which may differ by 4 units in the last place of float32.
            np.testing.assert_allclose(layer["weights"], weights, rtol=5e-6)
            np.testing.assert_allclose(layer["biases"], biases, rtol=5e-6)


def test_one_step_from_the_same_start_and_there_and_back():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(20, 13)).tolist()
    body = """return given.map((r) => {
      const row = Float64Array.from(r);
      return {before: m.unflat(row), again: [...m.flat(m.unflat(row))], loss: m.xorLoss(row),
        after: m.unflat(m.descend(row, 1, 0.3))};
    })"""
    network, (xs, ys) = nnjax.mlp((2, 3, 1)), datasets.xor()
    found = node.evaluate("train.mjs", body, rows)
    assert [each["again"] for each in found] == rows
    before = jax.tree.map(
        lambda *leaves: jnp.asarray(np.stack(leaves)), *(layers(f["before"]) for f in found)
    )

    def step(params):
        grads = nnjax.gradients(network, params, xs, ys)
        after = jax.tree.map(lambda w, g: w - 0.3 * g, params, grads)
        return after, nnjax.total_loss(network, params, xs, ys)

    after, loss = jax.jit(jax.vmap(step))(before)
    np.testing.assert_allclose([f["loss"] for f in found], loss, rtol=1e-12)
    for n, each in enumerate(found):
        for theirs, ours in zip(jax.tree.leaves(layers(each["after"])), jax.tree.leaves(after), strict=True):
            np.testing.assert_allclose(theirs, ours[n], rtol=1e-12)


def layers(found):
    return tuple(nnjax.Layer(np.array(each["weights"]), np.array(each["biases"])) for each in found)


@pytest.mark.parametrize("steps", [1, 7, 5000])
def test_a_path_is_the_same_descent_stopped_on_the_way(steps):
    body = """const {points, losses} = m.path(2, 4, 2, given), at = m.marks(given);
      return {at, points: points.map((p) => [...p]), losses, whole: [...m.descend(m.start(2, 4), given, 2)],
        start: [...m.start(2, 4)]};"""
    found = node.evaluate("train.mjs", body, steps)
    assert found["at"] == sorted(set(found["at"]))
    assert (found["at"][0], found["at"][-1]) == (0, steps)
    assert found["points"][0] == found["start"]
    assert found["points"][-1] == found["whole"]


def test_a_stuck_network_opens_at_a_row_that_it_has_not_learned():
    body = """return [4, 7].map((seed) => {
      const row = m.descend(m.start(2, seed), 5000, 2);
      return {worst: m.worstRow(row), loss: m.xorLoss(row), params: m.unflat(row)};
    });"""
    found, (xs, ys) = node.evaluate("train.mjs", body), datasets.xor()
    for each in found:
        hidden, output = layers(each["params"])
        a = 1 / (1 + np.exp(-(np.asarray(xs, float) @ hidden.weights + hidden.biases)))
        errors = np.abs(ys - 1 / (1 + np.exp(-(a @ output.weights + output.biases))))
        assert each["worst"] == np.argmax(errors)
    assert found[0]["loss"] == pytest.approx(0.5, abs=0.02)
    assert found[0]["worst"] != 1  # the network has learnt that row
