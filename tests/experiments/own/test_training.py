"""Training on a table, checked against NumPy's forward pass and jax.grad."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from experiments.own import training
from experiments.own.task import read
from experiments.own.training import Plan
from nnjax.sweeps import lanes

PLAN = Plan(("tanh",), ("zeros", "lecun_normal"), (1e-9, 0.3), 40)


@pytest.fixture
def task(config):
    return read(config.source)


def test_a_network_is_judged_as_numpy_does(task):
    """With a rate of almost 0, the network stays as it was."""
    network = training.network_of(task, "tanh", (4, 4))
    assert network == nnjax.mlp((4, 4, 4, 3), "tanh", "sigmoid")
    key = nnjax.key(7)
    start, rate = jnp.int32(1), jnp.float32(1e-9)
    found = jax.jit(training.learner(task, network, PLAN))(key, start, rate)
    params = nnjax.init(network, key, "lecun_normal")
    (w1, _), (w2, _), (w3, _) = jax.tree.map(np.asarray, params)
    outputs = [
        1 / (1 + np.exp(-np.tanh(np.tanh(part.xs @ w1) @ w2) @ w3)) for part in (task.train, task.test)
    ]
    for loss, part, y_hats in zip(found[1:3], (task.train, task.test), outputs, strict=True):
        np.testing.assert_allclose(loss, np.sum((part.ys - y_hats) ** 2) / len(part.ys), rtol=1e-5)
    said, truth = np.argmax(outputs[1], axis=1), np.argmax(task.test.ys, axis=1)
    np.testing.assert_array_equal(found.answers, said)
    np.testing.assert_allclose(found.accuracy, np.mean(said == truth), rtol=1e-6)

    row = jax.vmap(jax.grad(lambda p, x, y: nnjax.total_loss(network, p, x[None], y[None])), (None, 0, 0))
    slopes = row(params, *(jnp.asarray(values, jnp.float32) for values in task.train))  # ∂L/∂b is -δ
    lengths = [np.linalg.norm(layer.biases) for layer in slopes]
    np.testing.assert_allclose(found.delta, lengths, rtol=1e-4)


def test_settings_are_all_pairs_and_answers_of_numbers_are_outputs(task):
    assert PLAN.settings["start"].tolist() == [0, 0, 1, 1]
    np.testing.assert_array_equal(PLAN.settings["rate"], np.float32([1e-9, 0.3, 1e-9, 0.3]))
    number = task._replace(names=task.names._replace(classes=()), output="identity")
    network = training.network_of(number, "tanh", (8,))
    shapes = jax.eval_shape(
        training.learner(number, network, PLAN), nnjax.key(0), jnp.int32(0), jnp.float32(0.1)
    )
    assert shapes.answers.dtype == jnp.float32
    assert shapes.delta.shape == (2,)


def test_a_large_table_goes_through_few_networks_at_once(task):
    network = training.network_of(task, "tanh", (8,))
    assert training.lane(task, network) is None
    large = task._replace(train=task.train._replace(xs=np.broadcast_to(0.0, (1_000_000, 4))))
    assert training.bytes_of_rows(large, network) == 12 * 1_000_000 * 15
    assert training.lane(large, network) == 1
    middle = task._replace(train=task.train._replace(xs=np.broadcast_to(0.0, (20_000, 4))))
    assert training.lane(middle, network) == 64


def test_the_usual_lane_is_about_the_sweeps_own(task):
    for hidden, batch in (((8,), 16), ((3,), 1)):
        network = training.network_of(task, "tanh", hidden)
        learn = training.learner(task._replace(batch=batch), network, PLAN)
        one = lanes.one_run(learn, ("start", "rate"))
        program = lanes.inspect(one, *map(np.dtype, ("uint32", "int32", "float32")))
        ratio = training.usual_lane(task._replace(batch=batch), network) / lanes.fit(None, program)[0]
        assert 1 / 4 <= ratio <= 4
