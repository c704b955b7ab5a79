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

        return lanes.fit(None, lanes.inspect(lanes.one_run(fn, ()), SEED))[0]

    widths = [lane((n, n, 1)) for n in (2, 8, 32, 128, 1024)]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == lanes.WIDEST
    assert widths[-1] == 1


def test_narrow_lanes_are_run_in_turn():
    runs = lanes.RUNS_PER_CALL
    assert lanes.fit(None, carrying(1)) == (lanes.WIDEST, runs // lanes.WIDEST)
    assert lanes.fit(None, carrying(1), widest=runs) == (runs, 1)
    assert lanes.fit(lanes.WIDEST, carrying(1)) == lanes.fit(None, carrying(1))
    assert lanes.fit(48, carrying(1)) == (48, 1)
    assert lanes.fit(None, carrying(2**16)) == (2, 1)
    assert lanes.fit(None, carrying(1), 2**34)[1] == 1


@pytest.mark.parametrize("count", [1, 130, 2 * lanes.RUNS_PER_CALL + 130])
def test_as_many_lanes_as_there_are_seeds(count):
    def fn(key):
        draw = jax.random.normal(key, (2,), jnp.float32)
        return jnp.sin(300 * draw), jax.random.fold_in(key, 7), jnp.zeros((3, 0))

    seeds = np.arange(count, 0, -1)
    draws, keys, nothing = nnjax.sweep(fn, seeds)
    assert nothing.shape == (count, 3, 0)
    folded = jax.vmap(lambda seed: jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), 7))
    want = jax.random.key_data(jax.jit(folded)(seeds))
    np.testing.assert_array_equal(jax.random.key_data(keys), want)
    for place in {0, count // 2, count - 1}:
        alone = nnjax.sweep(fn, [int(seeds[place])])[0]
        np.testing.assert_array_equal(draws[place], alone[0], strict=True)


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
    """Make a run that carries this many float32 numbers from each iteration to the next, and stores one."""

    def fn(key):
        start = jax.random.normal(key, (numbers,), jnp.float32)
        return jax.lax.scan(lambda w, _: (w * 2, w[0]), start, length=turns)

    return lanes.inspect(lanes.one_run(fn, ()), SEED)


def test_an_accelerators_lane_follows_its_memory():
    small, large = 2**34, 2**36
    widths = [lanes.fit(None, carrying(1024), memory)[0] for memory in (small, 2 * small, large)]
    assert widths == [widths[0], 2 * widths[0], 4 * widths[0]]
    touched = 2 * 4 * 1024  # an iteration's result, and what the iteration passes on
    assert touched * widths[0] <= small * lanes.ACCELERATOR_SHARE < 4 * touched * widths[0]
    assert lanes.fit(None, carrying(1), large)[0] == lanes.ACCELERATOR_WIDEST
    assert lanes.fit(None, carrying(2**30), small)[0] == 1
    assert lanes.fit(48, carrying(1), large)[0] == 48


def test_an_accelerators_lane_leaves_room_for_what_is_recorded():
    memory, turns = 2**30, 2**16
    narrow = lanes.fit(None, carrying(8, turns), memory)[0]
    assert narrow < lanes.fit(None, carrying(8, 8), memory)[0]
    assert 4 * turns * narrow <= memory * lanes.ACCELERATOR_WHOLE


def drawn(key):
    return jax.random.bits(key, (4,), np.uint32)


def test_a_function_runs_with_the_settings_that_hold_when_it_is_called():
    """A function that was inspected under other settings must not be taken as it was then."""
    found = []
    for partitionable in (True, False, True):
        with jax.threefry_partitionable(partitionable):
            found.append(nnjax.sweep(drawn, [0])[0])
            np.testing.assert_array_equal(found[-1], drawn(nnjax.key(0)))
    assert np.any(found[0] != found[1])


def test_a_function_is_traced_again_for_another_default_device():
    """What is traced can depend on the device: a kernel is written for a GPU, and the C++ code for CPUs."""
    traced = []

    def noted(key):
        traced.append(getattr(jax.config, "jax_default_device", None))
        return jax.random.bits(key)

    for device in (None, jax.devices()[1]):
        with jax.default_device(device):
            nnjax.sweep(noted, [0])
    assert {None, jax.devices()[1]} == set(traced)
