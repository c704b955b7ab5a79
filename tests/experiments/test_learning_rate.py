"""The edge of stability, 2 / (largest Hessian eigenvalue), at minima that are known exactly."""

import numpy as np
import pytest

from experiments import learning_rate
from experiments.learning_rate import Config


@pytest.fixture(scope="module")
def edges():
    return learning_rate.edges()


def test_descent_comes_back_below_the_edge_and_nowhere_above(edges):
    for name in edges["edge"].values:
        below = edges["relative_rate"].values < 1
        np.testing.assert_array_equal(edges["edge_back"].sel(edge=name).values, below, err_msg=name)


def test_the_edge_and_its_bounds(edges):
    for name in edges["edge"].values:
        middle, low, high = learning_rate.measured_edge(edges, name)
        np.testing.assert_allclose([middle, low, high], [1, 0.9975, 1.0025], rtol=1e-9)


def test_a_wrong_edge_would_be_seen(edges):
    """An eigenvalue 1 % off, planted, moves the measured edge by 1 %."""
    back = edges["edge_back"] & (edges["relative_rate"] > 0)
    shifted = edges.assign(edge_back=back.shift(relative_rate=2, fill_value=True))
    middle, *_ = learning_rate.measured_edge(shifted, "quadratic")
    np.testing.assert_allclose(middle, 1.01, rtol=1e-9)


@pytest.mark.parametrize(
    "options, message",
    [
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
