"""Check regression and momentum against closed forms and scikit-learn."""

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from experiments.sentences import regression


def test_the_rows_are_scikit_learns_standardised():
    xs, forms = regression.rows()
    ready, _ = load_diabetes(return_X_y=True)
    np.testing.assert_allclose(xs, np.asarray(ready) * np.sqrt(442), rtol=1e-6, atol=1e-10)
    assert forms[regression.STANDARDISED].std() == pytest.approx(1)
    squeezed = forms[regression.SQUEEZED]
    np.testing.assert_allclose([squeezed.min(), squeezed.max()], [0.1, 0.9], rtol=1e-12)


def test_what_is_explained():
    rng = np.random.default_rng(0)
    ys, said = rng.normal(size=(2, 50, 1))
    np.testing.assert_allclose(
        regression.explained(jnp.asarray(said), jnp.asarray(ys)), r2_score(ys, said), rtol=1e-12
    )


def test_the_line_against_scikit_learn():
    xs, forms = regression.rows()
    ys, order = forms[regression.SQUEEZED], np.random.default_rng(3).permutation(442)
    train, test = order[: regression.TRAINED], order[regression.TRAINED :]
    model = LinearRegression().fit(xs[train], ys[train])
    np.testing.assert_allclose(regression.line(order, ys), model.score(xs[test], ys[test]), rtol=1e-10)


@pytest.fixture(scope="module")
def descents():
    return regression.descents(300)


def heavy_ball(rate, momentum, steps):
    """Compute the distances of Polyak's method from the least-squares solution, in NumPy."""
    xs, forms = regression.rows()
    ys = forms[regression.STANDARDISED][:, 0]
    solution = LinearRegression(fit_intercept=False).fit(xs, ys).coef_
    theta, step, away = np.zeros(10), np.zeros(10), []
    for _ in range(steps + 1):
        away.append(np.linalg.norm(theta - solution))
        step = momentum * step - rate * 2 * xs.T @ (xs @ theta - ys)
        theta = theta + step
    return np.array(away)


@pytest.mark.parametrize("way", ["plain", "momentum"])
def test_descents_against_numpy(descents, way):
    one = descents.sel(way=way)
    wanted = heavy_ball(float(one["rate"]), float(one["momentum"]), 300)
    np.testing.assert_allclose(one["distance"][:250], wanted[:250], rtol=1e-6)


def test_other_settings_than_the_best_are_slower():
    """By NumPy's account, settings near the best ones converge no faster in the slowest of ten directions."""
    low, high = regression.curvatures()
    rate, momentum = regression.best_settings()["momentum"]

    def slowest(rate, momentum):
        return max(
            np.abs(np.roots([1, -(1 + momentum - rate * curvature), momentum])).max()
            for curvature in (low, high)
        )

    best = slowest(rate, momentum)
    np.testing.assert_allclose(best, regression.per_step()["momentum"], rtol=1e-6)
    for other in [(0.9 * rate, momentum), (1.1 * rate, momentum), (rate, 0.9 * momentum)]:
        assert slowest(*other) > best


def test_steps_and_shrinking():
    distance = np.stack([0.5 ** np.arange(40.0), 0.99 ** np.arange(40.0)])
    assert regression.steps_until(distance, 0.1).tolist() == [4, np.inf]
    assert regression.late_shrinking(distance[0]) == pytest.approx(0.5)
    assert regression.late_shrinking(distance[1]) == pytest.approx(0.99)
