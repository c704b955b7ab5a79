"""A global that has changed, as in a notebook, is noticed; without a change, nothing is compiled again."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax.sweeps import outside

RATE = 1.0
TRACED = []


def scaled(x):
    return RATE * x


def one(key):
    TRACED.append(1)
    return scaled(jnp.ones(3))


def inner(key):
    return (lambda: RATE * jnp.ones(3))()


class Model:
    """A model that reads a global in a method, and in a property that another method uses."""

    def __call__(self, key):
        return self.scaled(jnp.ones(3))

    def loss(self, key):
        return self.twice * jnp.ones(3)

    def scaled(self, x):
        return RATE * x

    @property
    def twice(self):
        return 2 * RATE


def apply(fn, key):
    return fn(jnp.ones(3))


TABLE = {"scaled": (scaled,)}


def looked_up(key):
    return TABLE["scaled"][0](jnp.ones(3))


@pytest.fixture
def rate(monkeypatch):
    return functools.partial(monkeypatch.setitem, globals(), "RATE")


@pytest.mark.parametrize(
    "fn",
    [
        one,
        inner,
        jax.jit(inner),
        functools.partial(one),
        functools.partial(apply, scaled),
        functools.partial(apply, fn={"scaled": scaled}),
        looked_up,
        Model(),
        Model().loss,
    ],
    ids=["called", "within", "jitted", "partial", "argument", "keyword", "dict", "object", "method"],
)
def test_what_a_function_reads_is_noted(fn, rate):
    before = outside.reads(fn)
    assert outside.reads(fn) == before
    assert hash(outside.reads(fn)) == hash(before)
    rate(5.0)
    assert outside.reads(fn) != before
    rate(1)
    assert outside.reads(fn) != before  # an integer has another dtype
    rate(1.0)
    assert outside.reads(fn) == before


def test_closed_over_values_are_noted():
    config, data, late = {"rate": (1, 2.0)}, np.zeros(2), 0

    def fn(key):
        return config["rate"][0] * data + late

    before = outside.reads(fn)
    config["rate"] = (1, 3.0)
    assert outside.reads(fn) != before
    config["rate"] = (1, 2.0)
    data[0] = 1  # in place: not noticed
    assert outside.reads(fn) == before
    data = np.zeros(2)
    assert outside.reads(fn) != before
    before = outside.reads(fn)
    late = 7
    assert outside.reads(fn) != before
    assert outside.reads(len) == ()


def test_what_holds_itself_comes_to_an_end():
    config = {}
    config["config"] = config

    def fn(key):
        return fn(config)

    assert outside.reads(fn) == outside.reads(fn)


def test_a_sweep_is_traced_again_after_a_change_alone(rate, tmp_path):
    TRACED.clear()
    first = nnjax.sweep(one, range(3), folder=tmp_path)
    traces = len(TRACED)
    np.testing.assert_array_equal(nnjax.sweep(one, range(3)), first)
    assert len(TRACED) == traces
    rate(5.0)
    np.testing.assert_array_equal(nnjax.sweep(one, range(3)), 5 * first)
    with pytest.raises(ValueError, match="holds another sweep"):
        nnjax.sweep(one, range(3), folder=tmp_path)


def test_a_step_or_an_end_that_has_changed_is_noticed(rate):
    step = functools.partial(add)

    def start(key):
        return jnp.zeros(())

    def done(x):
        return x >= 10

    run = functools.partial(nnjax.sweep_until, start, step, done, [0], check_every=1)
    assert run().steps.tolist() == [10]
    rate(5.0)
    assert run().steps.tolist() == [2]


def add(x):
    return x + RATE
