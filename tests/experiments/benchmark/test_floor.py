"""The C program does the same training, and its speed is measured; it is left out if there is no compiler."""

import shutil

import jax
import numpy as np
import optax
import pytest

import nnjax
from experiments.benchmark import floor, machine, work

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")


@pytest.mark.slow
@needs_compiler
@pytest.mark.parametrize("sizes", [(2, 2, 1), (3, 4, 2, 1)])
def test_the_program_trains_as_nnjax_does(sizes):
    each = work.xor(sizes, 20, 1)
    start = nnjax.init(each.network, nnjax.key(3), "normal", "normal", dtype=np.float32)
    options = {"optimizer": optax.sgd(np.float32(each.rate)), "epochs": 20}
    end, _ = nnjax.train(each.network, start, each.xs, each.ys, **options)
    want = np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(end)])
    np.testing.assert_allclose(floor.trained(each, start, 20), want, rtol=2e-4)
    assert np.max(np.abs(floor.trained(each, start, 19) / want - 1)) > 2e-4


@needs_compiler
def test_its_speed_is_measured():
    assert floor.speed(work.xor((2, 2, 1), 20, 1)) > 1e5


def test_without_a_compiler_and_for_batches_there_is_none(monkeypatch):
    floor.program.cache_clear()
    assert np.isnan(floor.speed(work.digits(1, small=True)))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert np.isnan(floor.speed(work.xor((2, 2, 1), 20, 1)))
    assert floor.program(work.xor((2, 2, 1), 20, 1)) is None
    assert machine.FLOOR in machine.missing()
