"""Which axes belong together: those of the runs, unless all runs share an argument."""

import types

import jax
import jax.numpy as jnp
import pytest

from nnjax.native import calls


def shaped(*shape):
    return types.SimpleNamespace(shape=shape)


def test_the_rule_names_the_runs():
    rule = calls._rule(None, [shaped(8, 2, 3), shaped(1, 5, 2), shaped(8)], [shaped(8, 2, 3)])
    assert rule == "runs a0_1 a0_2, a1_0 a1_1 a1_2, runs -> runs r0_1 r0_2"


@pytest.mark.parametrize("vmapped", [0, 1, 2])
def test_results_have_an_axis_for_each_vmap(monkeypatch, vmapped):
    asked = {}

    def ffi_call(target, results):
        asked.update(target=target, results=results)
        return lambda *arguments, passes: [jnp.zeros(result.shape) for result in results]

    monkeypatch.setattr(jax.ffi, "ffi_call", ffi_call)
    runs = (4, 5)[:vmapped]
    arguments = [
        jnp.zeros((1,) * vmapped + (2, 3)),
        jnp.zeros((*runs, 3)),
        jnp.zeros((*(1 if axis else 4 for axis in range(vmapped)), 7)),
    ]
    calls._compute("name", 9, 2, vmapped, *arguments)
    assert [result.shape for result in asked["results"]] == [(*runs, 2, 3), (*runs, 3)]
