"""The edge of stability, 2 / (largest Hessian eigenvalue), at minima that are known exactly."""

import jax
import numpy as np
import pytest
import xarray as xr
from jax.flatten_util import ravel_pytree

import nnjax
from experiments import learning_rate
from experiments.learning_rate import Config, findings, tables


@pytest.fixture(scope="module")
def edges():
    return learning_rate.edges()


def test_descent_comes_back_below_the_edge_and_nowhere_above(edges):
    for name in edges["minimum"].values:
        below = edges["relative_rate"].values < 1
        np.testing.assert_array_equal(edges["back"].sel(minimum=name).values, below, err_msg=name)


def test_the_edge_and_its_bounds(edges):
    for name in edges["minimum"].values:
        middle, low, high = learning_rate.measured_edge(edges, name)
        np.testing.assert_allclose([middle, low, high], [1, 0.9975, 1.0025], rtol=1e-9)


def test_a_wrong_edge_would_be_seen(edges):
    """An eigenvalue 1 % off, planted, moves the measured edge by 1 %."""
    back = edges["back"] & (edges["relative_rate"] > 0)
    shifted = edges.assign(back=back.shift(relative_rate=2, fill_value=True))
    middle, *_ = learning_rate.measured_edge(shifted, "quadratic")
    np.testing.assert_allclose(middle, 1.01, rtol=1e-9)


def test_the_steepest_curvature_at_the_handouts_minimum_against_differences(edges):
    """λ_max is the largest eigenvalue of the Hessian from central differences of the gradient."""
    network = nnjax.mlp((3, 4, 1))
    teacher = nnjax.datasets.teacher(network, nnjax.key(1), 80, np.float64)
    flat, shape = ravel_pytree(teacher.params)

    @jax.jit
    @jax.vmap
    def gradient(values):
        return ravel_pytree(nnjax.gradients(network, shape(values), teacher.xs, teacher.ys))[0]

    steps = 1e-5 * np.eye(len(flat))
    hessian = (gradient(flat[None] + steps) - gradient(flat[None] - steps)) / 2e-5
    np.testing.assert_allclose(
        edges["steepest"].sel(minimum="the handout's 3-4-1"), np.linalg.eigvalsh(hessian)[-1], rtol=1e-6
    )


def test_one_step_of_each_optimizer_on_xor():
    """sgd and momentum take the same first step, w - rate · g; rmsprop and adam steps of about the rate."""
    network, (xs, ys) = nnjax.mlp((2, 2, 1)), nnjax.datasets.xor()
    key, rate = nnjax.key(0), np.float32(0.01)
    params = jax.jit(lambda key: nnjax.init(network, key, "normal", "normal"))(key)
    grads = jax.jit(lambda params: nnjax.gradients(network, params, xs, ys))(params)
    total_loss = jax.jit(lambda params: nnjax.total_loss(network, params, xs, ys))
    factors = {
        "sgd": lambda g: g,
        "momentum 0.9": lambda g: g,
        "rmsprop": lambda g: g / np.sqrt(0.1 * g**2 + 1e-8),
        "adam": lambda g: g / (np.abs(g) + 1e-8),
    }
    for name, factor in factors.items():
        moved = tuple(
            nnjax.Layer(
                *(
                    np.asarray(leaf) - rate * factor(np.asarray(g))
                    for leaf, g in zip(layer, grad, strict=True)
                )
            )
            for layer, grad in zip(params, grads, strict=True)
        )
        with jax.numpy_dtype_promotion("standard"):  # Optax's Adam and RMSProp mix dtypes
            loss = jax.jit(learning_rate.xor(learning_rate.OPTIMIZERS[name], 1))(key, rate)
        np.testing.assert_allclose(loss, total_loss(moved), rtol=1e-4, err_msg=name)


@pytest.fixture(scope="module")
def data(edges):
    """Made-up ends: each optimiser learns XOR at its middle rate alone."""
    losses = np.ones((4, 100, 3))
    losses[:, :, 1] = 0.01
    names = {"optimizer": list(learning_rate.OPTIMIZERS), "rate": [0.01, 0.1, 1.0]}
    dimensions = ("optimizer", "seed", "rate")
    xor = xr.Dataset({"loss": (dimensions, losses)}, names)
    digits = xr.Dataset({"accuracy": (dimensions, 0.5 + np.zeros((4, 2, 3)))}, names)
    return xr.DataTree.from_dict({"xor": xor, "digits": digits, "edges": edges})


def test_verdicts(data):
    verdicts = {finding.id: finding.verdict for finding in findings(data)}
    assert verdicts == dict.fromkeys(
        [
            "edge-quadratic",
            "edge-digits-linear-regression",
            "edge-handout-3-4-1",
            "edge-digits-64-4-10",
            "band-sgd",
            "band-momentum-0-9",
            "band-rmsprop",
            "band-adam",
            "rmsprop-minus-sgd",
            "adam-minus-sgd",
        ],
        "agrees",
    )
    assert findings(data)[-1].measured == 0.0


def test_a_bands_edges_lie_between_two_rates_tried():
    rates = np.array([0.01, 0.1, 1.0, 10.0])
    solved = np.tile([0, 1, 1, 0], (20, 1))
    assert learning_rate.band(solved, rates) == (0.1, 1.0)
    assert learning_rate.decades(solved, rates) == pytest.approx((1.0, 3.0))
    least, most = learning_rate.decades(np.tile([0, 0, 1, 1], (20, 1)), rates)
    assert (least, most) == (1.0, np.inf)  # it may go on beyond the largest rate


def test_a_clever_optimiser_that_solves_less_is_refuted(data):
    worse = data.copy(deep=True)
    worse["xor"]["loss"].loc[{"optimizer": "adam"}][:50] = 1.0
    verdicts = {finding.id: finding for finding in findings(worse)}
    assert verdicts["adam-minus-sgd"].measured == -0.5
    assert verdicts["adam-minus-sgd"].verdict == "differs"
    assert verdicts["rmsprop-minus-sgd"].verdict == "agrees"


def test_the_table_names_the_best_rate_and_the_range(data):
    ((_, rows),) = tables(data).values()
    assert rows[0] == ["sgd", "XOR, share solved", "0.1", "100.0%", "0.1 to 0.1"]
    assert rows[1] == ["sgd", "digits, accuracy", "0.01", "50.0%", "0.01 to 1"]


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": 2**32}, "seed must be 0 to 4294967295; got 4294967296"),
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"steps": 0}, "steps must be 1 or more; got 0"),
        ({"rates": (0.1,)}, r"rates must be two or more numbers; got \(0.1,\)"),
        ({"rates": (0.1, -1.0)}, "rates must be above 0 and finite"),
        ({"rates": (0.1, float("nan"))}, "rates must be above 0 and finite"),
        ({"rates": (0.1, float("inf"))}, "rates must be above 0 and finite"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)
