"""Check the reference against finite differences of its own forward pass and against the handout's number."""

import numpy as np

from nnjax.doctor.reference import (
    RATE,
    Drawn,
    Problem,
    draw,
    numpy_forward,
    numpy_gradients,
    numpy_printed,
    numpy_training,
)

SMALL = Problem((3, 4, 2), seeds=2, rows=5)


def batch(problem):
    drawn = draw(problem)
    return drawn._replace(xs=drawn.xs[0], ys=drawn.ys[0])


def loss(data):
    """Return the SSE of each seed, summed over its rows."""
    return np.sum((numpy_forward(data)[-1] - data.ys) ** 2, axis=(1, 2))


def test_a_problem_is_named():
    assert str(SMALL) == "3-4-2, 5 rows, 2 seeds"
    assert str(Problem((16,) * 31)) == "30 layers of 16"


def test_what_is_drawn_is_float32_and_always_the_same():
    drawn = draw(SMALL)
    assert [w.shape for w in drawn.weights] == [(2, 3, 4), (2, 4, 2)]
    assert (drawn.xs.shape, drawn.ys.shape) == ((1, 5, 3), (1, 5, 2))
    for values in (*drawn.weights, *drawn.biases, drawn.xs, drawn.ys):
        np.testing.assert_array_equal(values, values.astype(np.float32))
    draw.cache_clear()
    np.testing.assert_array_equal(draw(SMALL).xs, drawn.xs)


def test_gradients_against_finite_differences():
    data, h = batch(SMALL), 1e-6
    by_weights, by_biases = numpy_gradients(data)
    for part, gradients in (("weights", by_weights), ("biases", by_biases)):
        for layer, gradient in enumerate(gradients):
            for index in np.ndindex(gradient.shape[1:]):
                sides = []
                for sign in (1, -1):
                    moved = [values.copy() for values in getattr(data, part)]
                    moved[layer][(slice(None), *index)] += sign * h
                    sides.append(loss(data._replace(**{part: moved})))
                expected = (sides[0] - sides[1]) / (2 * h)
                np.testing.assert_allclose(gradient[(slice(None), *index)], expected, rtol=1e-6, atol=1e-8)


def test_training_steps_down_the_gradient():
    problem = SMALL._replace(steps=1)
    data = batch(problem)
    for trained, start, gradient in zip(
        numpy_training(problem)[0], data.weights, numpy_gradients(data)[0], strict=True
    ):
        np.testing.assert_allclose(trained, start - RATE * gradient, rtol=1e-15)


def test_the_printed_delta_is_the_handouts():
    """With the updated weight and a bias that makes the output 0.6, the handout prints 0.02473567."""
    hidden = np.zeros((1, 3, 4))
    hidden[0, :, 0] = [0.5, 1.2, -0.3]
    a = 1 / (1 + np.exp(-2.6))
    out = np.array([[[0.8 + 0.01 * 0.192 * a], [0.5], [0.1], [0.6]]])
    net_input = out[0, 0, 0] * a + 0.5 * (0.5 + 0.1 + 0.6)
    bias = np.array([[np.log(0.6 / 0.4) - net_input]])
    data = Drawn([hidden, out], [np.zeros((1, 4)), bias], np.array([[1.0, 3.0, 5.0]]), np.array([[1.0]]))
    assert f"{numpy_printed(data)[0, 0, 0]:.8f}" == "0.02473567"
