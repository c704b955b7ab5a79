"""What the benchmark trains: the counts of operations, the rows and the initial weights."""

import jax
import numpy as np
import pytest

import nnjax
from experiments.benchmark import work

OPTIMISED = True


def batches(**options):
    xs, ys = np.arange(24.0, dtype=np.float32).reshape(6, 4), np.ones((6, 1), np.float32)
    return work.Work(
        nnjax.mlp((4, 3, 1)), xs, ys, rate=0.1, steps=6, seeds=3, first_seed=5, batch_size=2, **options
    )


def test_counts():
    each = batches()
    assert (each.seed_steps, each.epochs, each.rows_per_update) == (18, 2, 2)
    assert list(each.seed_range()) == [5, 6, 7]
    # Products for 2 rows: 4·3 + 3·1 forward, the same number for weight gradients, and 3·1 backward. Each
    # product counts as 2 operations.
    assert each.flops == 2 * 2 * (15 + 15 + 3)


def test_full_batches_take_all_rows_in_order():
    each = work.xor((2, 2, 1), 5, 3)
    assert each.rows().tolist() == [[0, 1, 2, 3]] * 5
    assert (each.epochs, each.rows_per_update) == (5, 4)


@pytest.mark.slow
@pytest.mark.parametrize("order_per_seed", [False, True])
def test_the_rows_are_those_that_nnjax_train_sees(order_per_seed):
    """Every epoch contains each row once, in the order of jax.random.permutation."""
    each = batches(order_per_seed=order_per_seed)
    rows = each.rows()
    assert rows.shape == ((6, 3, 2) if order_per_seed else (6, 2))
    for index, seed in enumerate(each.seed_range()):
        mine = rows[:, index] if order_per_seed else rows
        key = jax.random.fold_in(nnjax.key(seed), 1) if order_per_seed else nnjax.key(0)
        epochs = [jax.random.permutation(jax.random.fold_in(key, epoch), 6) for epoch in range(2)]
        assert mine.reshape(2, 6).tolist() == np.stack(epochs).tolist()


def test_further_inputs_of_xor_are_1():
    each = work.xor((3, 8, 8, 1), 1, 1)
    assert each.xs.tolist() == [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]]
    assert each.ys.ravel().tolist() == [0, 1, 1, 0]


@pytest.mark.slow
def test_stacked_starts_have_biases_that_broadcast():
    each = batches()
    shapes = [leaf.shape for leaf in each.stacked_starts()]
    assert shapes == [(3, 4, 3), (3, 1, 3), (3, 3, 1), (3, 1, 1)]
    start = nnjax.init(each.network, nnjax.key(6), "lecun_normal", "normal")
    # A batch and a single draw are two programs; their results may differ in the last digits (jax 0.12).
    np.testing.assert_allclose(each.stacked_starts()[0][1], start[0].weights, rtol=1e-6)


@pytest.mark.slow
def test_the_stacked_loss_against_the_total_loss():
    each = work.xor((2, 2, 1), 1, 3)
    params = [nnjax.init(each.network, nnjax.key(seed), "lecun_normal", "normal") for seed in range(3)]
    expected = [nnjax.total_loss(each.network, one, each.xs, each.ys) for one in params]
    np.testing.assert_allclose(
        work.stacked_loss(each.stacked_starts(), each.xs, each.ys), expected, rtol=1e-5
    )


def test_the_digits_come_in_whole_batches():
    each = work.digits(epochs=2, small=False)
    assert (each.steps, each.epochs, len(each.xs)) == (268, 2, 1340)
    small = work.digits(epochs=2, small=True)
    assert (small.steps, small.epochs, len(small.xs)) == (2, 1, 20)
