"""Programs that call LAPACK do not hang on several CPU devices, and give the same bits as on one."""

import os
import pathlib
import subprocess
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend import core

import nnjax
from nnjax import sweeps
from nnjax.sweeps import lanes, lapack

LONG = True

SEED = np.dtype(np.uint32)
pytestmark = pytest.mark.cpu
PROGRAMS = pathlib.Path(__file__).with_name("decompositions.py")


@pytest.mark.slow
def test_every_decomposition_comes_to_an_end():
    """With batches of matrices, jaxlib 0.10.1 hung in this program every time.

    Without batches, the program takes 14 s.
    """
    here = os.environ | {"PYTHONPATH": str(pathlib.Path(nnjax.__file__).parents[1])}
    ended = subprocess.run([sys.executable, PROGRAMS], env=here, capture_output=True, text=True, timeout=120)
    assert ended.stdout.split()[-1:] == ["ended"], ended.stdout + ended.stderr


@pytest.mark.parametrize("version", ["0.10.1", "0.11.0"])
def test_versions_that_hang(version):
    assert lapack.hangs(version)


@pytest.mark.parametrize("version", ["0.11.1", "0.12.0", "0.12.0.1", "1.0.0", "0.13.0.dev20261126"])
def test_versions_that_do_not_hang(version):
    assert not lapack.hangs(version)


def inspected(fn):
    return lanes.inspect(lanes.one_run(fn, ()), SEED).jaxpr


def test_lapack_is_found_within_loops_branches_and_inner_programs():
    @jax.jit
    def inner(a):
        turned = jax.lax.fori_loop(0, 2, lambda _, a: jnp.linalg.qr(a)[0], a)
        return jax.lax.cond(turned[0, 0] > 0, jnp.linalg.cholesky, lambda a: a, turned)

    assert {"qr", "cholesky"} <= lapack.names(inspected(lambda key: inner(jax.random.normal(key, (3, 3)))))
    assert not lapack.names(inspected(jax.random.normal)) & lapack.CALLS


@pytest.mark.parametrize("hanging, count", [(True, 1), (False, 8)])
def test_one_device_where_several_can_hang(monkeypatch, devices, hanging, count):
    devices(8)
    monkeypatch.setattr(lapack, "hangs", lambda jaxlib: hanging)
    network = nnjax.mlp((3, 3))
    assert len(lapack.where(inspected(lambda key: nnjax.init(network, key, "orthogonal")))) == count
    assert len(lapack.where(inspected(jax.random.normal))) == 8


def test_callbacks_run_on_one_device():
    def noted(key):
        jax.debug.callback(lambda: None)
        return jax.random.normal(key)

    assert len(lapack.where(inspected(noted))) == 1


def matrix(key, *leading):
    return jax.random.normal(key, (*leading, 5, 5))


def decomposed(key):
    """Make each kind of call: on one matrix, on a stack, on a constant, in a loop, and with a derivative."""
    a = matrix(key)
    positive = a @ a.T + jnp.eye(5)
    diagonals = jnp.abs(a[:3])
    return {
        "stack": jnp.linalg.qr(matrix(key, 2, 3)),
        "svd": jnp.linalg.svd(a),
        "eigh": jnp.linalg.eigh(positive),
        "eig": jnp.linalg.eigvals(a),
        "cholesky": jnp.linalg.cholesky(positive),
        "solve": jnp.linalg.solve(a, a[0]),
        "of a constant": jnp.linalg.solve(jnp.eye(5) * 2, a),
        "tridiagonal": jax.lax.linalg.tridiagonal_solve(
            diagonals[0].at[0].set(0), diagonals[1] + 9, diagonals[2].at[-1].set(0), a
        ),
        "loop": jax.lax.fori_loop(0, 3, lambda _, a: jnp.linalg.qr(a)[1] + a.T, a),
        "slope": jax.grad(lambda a: jnp.linalg.svd(a)[1].sum() + jnp.linalg.slogdet(a)[1])(a),
        "vmapped": jax.vmap(lambda a: jnp.linalg.qr(a)[1])(matrix(key, 3)),
    }


@pytest.mark.slow
def test_one_matrix_at_a_time_has_the_bits_of_a_batch(monkeypatch, devices):
    """The matrices are too small for jaxlib to split a batch of them into tasks."""
    devices(1)
    results = []
    for hanging in (True, False):
        monkeypatch.setattr(lapack, "hangs", lambda jaxlib, hanging=hanging: hanging)
        lanes.in_turn.cache_clear()
        results.append(nnjax.sweep(decomposed, range(7), lane=4))
    chex.assert_trees_all_equal(*results, strict=True)
    lanes.in_turn.cache_clear()


def test_no_batch_of_matrices_is_left(monkeypatch):
    monkeypatch.setattr(lapack, "hangs", lambda jaxlib: True)
    seeds = jax.ShapeDtypeStruct((4,), SEED)
    for fn in (decomposed, lambda key: jnp.linalg.qr(matrix(key, 2))[0]):
        jaxpr = jax.make_jaxpr(lapack.vmap(lanes.one_run(fn, ()), "cpu"))(seeds).jaxpr
        assert {rank for name, rank in called(jaxpr) if name != "tridiagonal_solve"} == {2}


def called(jaxpr):
    """Return the name of each LAPACK call, and the rank of its first operand."""
    for equation in jaxpr.eqns:
        if equation.primitive.name in lapack.CALLS:
            yield equation.primitive.name, equation.invars[0].aval.ndim
        for inner in core.jaxprs_in_params(equation.params):
            yield from called(inner)


def test_outside_of_sweeps_vmap_is_as_before():
    before = jax.make_jaxpr(jax.vmap(jnp.linalg.qr))(jnp.ones((4, 3, 3)))
    nnjax.sweep(decomposed, [0], lane=1)
    assert str(jax.make_jaxpr(jax.vmap(jnp.linalg.qr))(jnp.ones((4, 3, 3)))) == str(before)
    assert sweeps.steady(decomposed, 4)
