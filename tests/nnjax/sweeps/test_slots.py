"""When seeds end at different times, a seed's bits do not depend on the rows that come and go beside it."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax import sweeps
from nnjax.sweeps import inputs, lanes, slots

OPTIMISED = True

SEEDS = np.random.default_rng(0).permutation(100)
LANE = 2


def collatz_start(key):
    return {"number": jax.random.randint(key, (), 1, 10_000), "noise": jax.random.normal(key)}


def collatz_step(state):
    number = state["number"]
    turned = jnp.where(number == 1, number, jnp.where(number % 2 == 0, number // 2, 3 * number + 1))
    return {"number": turned, "noise": jnp.sin(3 * state["noise"]) * 2}


def collatz_done(state):
    return state["number"] == 1


def ended(seeds, **options):
    return nnjax.sweep_until(
        collatz_start, collatz_step, collatz_done, seeds, check_every=8, lane=LANE, **options
    )


@pytest.fixture(scope="module")
def collatz():
    return ended(SEEDS)


def same(got, expected):
    chex.assert_trees_all_equal(got, expected, strict=True)


def test_every_seed_ends_at_its_own_first_check(collatz):
    def steps(number):
        count = 0
        while number != 1:
            number, count = (number // 2 if number % 2 == 0 else 3 * number + 1), count + 1
        return -(-count // 8) * 8

    starts = nnjax.sweep(collatz_start, SEEDS)["number"]
    assert collatz.steps.tolist() == [steps(int(number)) for number in starts]
    assert len(set(collatz.steps.tolist())) > 5
    assert collatz.finished.all()


def test_same_bits_as_with_no_seed_leaving(collatz):
    def through(key):
        state = collatz_start(key)
        last = jnp.asarray(collatz.steps)[jnp.argmax(jnp.asarray(SEEDS) == key_seed(key))]
        return jax.lax.fori_loop(0, last, lambda _, state: collatz_step(state), state)

    def key_seed(key):
        return jax.random.key_data(key)[1].astype(jnp.int64)

    same(nnjax.sweep(through, SEEDS, lane=LANE), collatz.state)


@pytest.mark.parametrize("rows", [[5], list(range(7)), list(range(99, -1, -1))])
def test_leaving_and_refilling_change_no_bits(collatz, rows):
    same(ended(SEEDS[rows]), jax.tree.map(lambda leaf: leaf[rows], collatz))


def test_leaving_seeds_are_reported_as_they_leave(collatz):
    calls = []
    same(ended(SEEDS, on_segment=lambda *done: calls.append(done)), collatz)
    counts = [done for done, _ in calls]
    assert len(set(counts)) > 2
    assert len(counts) > len(set(counts))  # called at every check, so that a call can end the sweep
    assert counts == sorted(counts)
    assert calls[-1] == (100, 100)


def test_each_program_is_compiled_once(collatz):
    work = slots.Work(lanes.one_run(collatz_start, ()), collatz_step, collatz_done, 8, None)
    given = inputs.read(SEEDS, None)
    filled = slots.Slots(work, LANE, given, np.arange(len(SEEDS)))
    refills = 0
    while not (filled.due() and not filled.refill()):
        refills += filled.free.any()
        filled.advance()
    assert refills > 2
    where = tuple(jax.local_devices())
    for program in slots.programs(work)[:2]:
        assert lanes.vmapped(program, where)._cache_size() == 1


def test_leaving_on_one_device_and_in_segments(collatz, devices, monkeypatch, tmp_path):
    devices(1)
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 20)
    for _ in range(2):
        same(ended(SEEDS, folder=tmp_path), collatz)


def test_slots_are_refilled_once_an_eighth_of_them_is_free(devices):
    devices(8)
    rows = inputs.read(SEEDS, None)
    work = slots.Work(lanes.one_run(collatz_start, ()), collatz_step, collatz_done, 8, None)
    pool = slots.Slots(work, LANE, rows, np.arange(20, 50))
    assert pool.due()
    assert len(pool.finished()[0]) == 0
    assert pool.refill()
    assert pool.rows.tolist() == list(range(20, 36))
    assert pool.waiting.tolist() == list(range(36, 50))
    while not pool.due():
        pool.advance()
    (leaving, leaves), left = pool.finished(), pool.free.sum()
    assert left >= 2
    assert len(leaving) == left == len(leaves[0])
    assert pool.refill()
    assert pool.waiting.tolist() == list(range(36 + left, 50))
    assert pool.rows[~np.isin(pool.rows, range(36, 50))].tolist() == [
        row for row in range(20, 36) if row not in leaving
    ]


def test_step_sees_only_states_that_seeds_have_been_in():
    """The planted step never ends if it starts at 0, and three of the four slots have no seed."""

    def doubled(state):
        return jax.lax.while_loop(lambda x: x < 1, lambda x: 2 * x, state)

    ended = nnjax.sweep_until(
        lambda key: jnp.float32(0.1), doubled, lambda state: state >= 1, [0], check_every=1, lane=4
    )
    assert ended.state.tolist() == [np.float32(1.6)]


def test_seeds_that_never_finish_are_marked():
    def walk(state):
        return state + 1

    def start(key):
        return jnp.where(jax.random.key_data(key)[1] == 2, jnp.nan, 0.0)

    ended = nnjax.sweep_until(start, walk, lambda state: state > 50, [1, 2, 3], check_every=5, max_steps=20)
    assert ended.finished.tolist() == [False] * 3
    assert ended.steps.tolist() == [20, 0, 20]


def test_nan_is_never_finished():
    ended = nnjax.sweep_until(
        lambda key: jnp.asarray(jnp.nan), lambda state: state, lambda state: ~(state > 1), [0], check_every=1
    )
    assert not ended.finished[0]


def test_states_may_hold_random_keys(tmp_path):
    """A walk up to 3, which draws its steps from a key in its state, equals the same walk in plain JAX."""

    def start(key):
        return {"keys": jax.random.split(key, 2), "count": 0, "place": 0.0}

    def step(state):
        following, now = state["keys"]
        keys = jax.random.split(following)
        place = state["place"] + jax.random.uniform(now)
        return {"keys": keys, "count": state["count"] + 1, "place": place}

    def done(state):
        return state["place"] > 3

    @jax.jit
    def walked(key):
        return jax.lax.while_loop(lambda state: ~done(state), step, start(key))

    for _ in range(2):  # computed, then read from the folder
        got = nnjax.sweep_until(start, step, done, range(5), check_every=1, lane=2, folder=tmp_path)
        assert got.state["keys"].shape == (5, 2)
        assert jnp.issubdtype(got.state["keys"].dtype, jax.dtypes.prng_key)
        assert got.state["count"].tolist() == got.steps.tolist()
        for seed in range(5):
            state = walked(nnjax.key(seed))
            assert got.steps[seed] == state["count"]
            np.testing.assert_allclose(got.state["place"][seed], state["place"], rtol=1e-15)
            same(*(jax.random.key_data(keys) for keys in (got.state["keys"][seed], state["keys"])))


def test_another_work_until_done_is_refused(tmp_path):
    def again(check_every):
        return nnjax.sweep_until(
            collatz_start,
            collatz_step,
            collatz_done,
            SEEDS[:5],
            check_every=check_every,
            lane=LANE,
            folder=tmp_path,
        )

    again(8)
    with pytest.raises(ValueError, match="function: "):
        again(9)


def test_done_gives_one_truth_value():
    with pytest.raises(TypeError, match=r"done must give one truth value per seed, got shape \(3,\)"):
        nnjax.sweep_until(
            lambda key: jnp.zeros(3), lambda state: state, lambda state: state > 1, [0], check_every=1
        )
