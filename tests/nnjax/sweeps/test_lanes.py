"""A lane is as wide as the work of one seed allows."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import nnjax
from nnjax.sweeps import lanes

OPTIMISED = True

SEED = np.dtype(np.uint32)


def test_the_lane_follows_the_work_of_one_seed():
    def lane(sizes):
        network = nnjax.mlp(sizes)
        data = np.ones((4, sizes[0])), np.ones((4, sizes[-1]))

        def fn(key):
            start = nnjax.init(network, key)
            return nnjax.train(network, start, *data, optimizer=optax.sgd(0.1), epochs=9)[0]

        return lanes.width(None, lanes.inspect(lanes.one_run(fn, ()), SEED))

    widths = [lane((n, n, 1)) for n in (2, 8, 32, 128, 1024)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] >= 1024
    assert widths[-1] == 1


def test_a_program_tells_its_results():
    def fn(key, scale):
        return {"keys": jax.random.split(key, 3), "draw": scale * jax.random.normal(key, (2,), jnp.float32)}

    program = lanes.inspect(lanes.one_run(fn, ("scale",)), SEED, np.dtype(np.float32))
    draw, keys = program.results
    assert (draw.shape, draw.dtype) == ((2,), np.float32)
    assert keys.shape == (3,)
    assert (lanes.stored(keys).shape, lanes.stored(keys).dtype) == ((3, 2), np.uint32)
    assert lanes.stored(draw) == draw


@pytest.mark.parametrize("impl, size", [("threefry2x32", 2), ("rbg", 4)])
def test_keys_cross_to_numpy_and_back(impl, size):
    numbers = jnp.arange(8 * size, dtype=jnp.uint32).reshape(4, 2, size)
    keys = jax.random.wrap_key_data(numbers, impl=impl)
    data = lanes.to_numpy(keys)
    assert isinstance(data, np.ndarray)
    np.testing.assert_array_equal(data, np.asarray(numbers), strict=True)
    back = lanes.from_numpy(data, jax.eval_shape(lambda: keys[0, 0]))
    assert back.dtype == keys.dtype
    np.testing.assert_array_equal(jax.random.key_data(back), np.asarray(numbers), strict=True)


def test_numbers_cross_to_numpy_as_they_are():
    numbers = np.arange(3.0)
    assert lanes.from_numpy(lanes.to_numpy(numbers), jax.ShapeDtypeStruct((), float)) is numbers


def carrying(numbers, turns=3):
    """Make a run that carries this many float32 numbers between iterations, and keeps one of each."""

    def fn(key):
        start = jax.random.normal(key, (numbers,), jnp.float32)
        return jax.lax.scan(lambda w, _: (w * 2, w[0]), start, length=turns)

    return lanes.inspect(lanes.one_run(fn, ()), SEED)


def test_an_accelerators_lane_follows_its_memory():
    small, large = 2**34, 2**36
    widths = [lanes.width(None, carrying(1024), memory) for memory in (small, 2 * small, large)]
    assert widths == [widths[0], 2 * widths[0], 4 * widths[0]]
    touched = 2 * 4 * 1024  # an iteration's result, and what it carries on
    assert touched * widths[0] <= small * lanes.ACCELERATOR_SHARE < 4 * touched * widths[0]
    assert lanes.width(None, carrying(1), large) == lanes.ACCELERATOR_WIDEST
    assert lanes.width(None, carrying(2**30), small) == 1
    assert lanes.width(48, carrying(1), large) == 48


def test_an_accelerators_lane_leaves_room_for_what_is_recorded():
    memory, turns = 2**30, 2**16
    narrow = lanes.width(None, carrying(8, turns), memory)
    assert narrow < lanes.width(None, carrying(8, 8), memory)
    assert 4 * turns * narrow <= memory * lanes.ACCELERATOR_WHOLE
