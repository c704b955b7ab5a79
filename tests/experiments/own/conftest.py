"""A small table, and data like those of a long run on it, made without training."""

import jax
import numpy as np
import pytest

import nnjax
from experiments import own
from experiments.own import ends
from experiments.runner.context import Context
from nnjax import minima

CLASSES = ["owl", "robin", "swan"]


class MadeUp(Context):
    """Sweeps return random numbers, in the shapes and dtypes that training would return."""

    def sweep(self, name, fn, seeds, settings=None, *, lane=None):
        columns = settings or {}
        shapes = jax.eval_shape(fn, nnjax.key(0), **{key: values[0] for key, values in columns.items()})
        rng = np.random.default_rng(len(name))

        def drawn(leaf):
            shape = (len(seeds), *(len(values) for values in list(columns.values())[:1]), *leaf.shape)
            whole = np.issubdtype(leaf.dtype, np.integer)
            return (rng.integers(0, 3, shape) if whole else rng.uniform(0.01, 1, shape)).astype(leaf.dtype)

        return jax.tree.map(drawn, shapes)


@pytest.fixture(scope="session")
def birds(tmp_path_factory):
    """Sixty birds of three kinds, each with two numbers and a colour; `mass` is the number to learn."""
    rng = np.random.default_rng(0)
    rows = [
        f"{3 * kind + length:.3f},{length:.3f},{rng.choice(['grey', 'white'])},{CLASSES[kind]}"
        for kind, length in zip(np.arange(60) % 3, rng.normal(size=60), strict=True)
    ]
    path = tmp_path_factory.mktemp("table") / "the birds.csv"
    path.write_text("mass,length,colour,group\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="session")
def config(birds):
    return own.Config(
        data=str(birds), target="group", seeds=40, depths=(1, 5), deep_seeds=24, rates=(0.1, 0.3), compared=3
    )


@pytest.fixture(scope="package")
def run_made_up():
    """Make runs that train nothing and compute no Hessian."""
    pairs = np.array([[0, 1], [0, 2], [1, 2]])
    one, moved, theta = np.zeros(3), np.array([0.0, 0.14, 0.16]), np.full((3, 4), 1.0)
    certificate = minima.Certificate(one, one, one, one, one, one, one, np.array([0, 3, 4]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ends, "barriers", lambda *_: (pairs, np.array([[4.0, 1], [8, 1], [2, 1]])))
        patch.setattr(ends, "polished", lambda *_, **__: minima.Polished((theta,), one, moved, one > 0))
        patch.setattr(ends, "certificates", lambda *_, **__: certificate)
        yield lambda config: own.run(config, MadeUp())


@pytest.fixture(scope="package")
def long_run(config, run_made_up):
    """Make 40 seeds; Newton's method moves one of the end points by more than the allowed 0.05 (1 + 2)."""
    return run_made_up(config)
