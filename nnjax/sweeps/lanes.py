"""Lanes: how wide, and the program that runs one.

A vmapped program's last digits depend on how many seeds run together and in which order, and chaos amplifies
them. So seeds always run in lanes of one width; the width follows from the work of one run, never from how
many there are.
"""

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, PRNGKeyArray, PyTree

from nnjax import checks
from nnjax.sweeps import devices

LANE_BYTES = 2_000_000
"""What one lane's loop may touch: a core's second-level cache.

Two to four times as wide is often faster, but then the products over data that all seeds share grow so large
that XLA's library cuts them into blocks, and a seed's last digits depend on its place in the lane (measured
on 2 cores: 6-9-5-3 on 20 rows from 512 on, 64-30-10 in batches of 10 from 64 on).
"""
WIDEST = 8192


def _key(seed: Array) -> PRNGKeyArray:
    return jax.random.key(seed, impl="threefry2x32")


@functools.lru_cache(maxsize=64)
def one_run(fn: Callable, names: tuple[str, ...]) -> Callable:
    """One run as a function of plain numbers; the same object for the same fn, so that jit knows it."""

    def one(seed: Array, *setting: Array) -> PyTree:
        return fn(_key(seed), **dict(zip(names, setting, strict=True)))

    return one


class Traced(NamedTuple):
    """One run, looked at without running it: its operations, and the shapes and structure of its results."""

    jaxpr: Any
    leaves: list[jax.ShapeDtypeStruct]
    tree: Any


def trace(one: Callable, *dtypes: np.dtype) -> Traced:
    """Trace one run of `one(seed, *setting)`, given the dtypes of its arguments.

    Raises:
        TypeError: A result is a random key, or there is none.
    """
    return _trace(one, jax.dtypes.canonicalize_dtype(np.float64), *dtypes)


@functools.lru_cache(maxsize=64)
def _trace(one: Callable, widest: np.dtype, *dtypes: np.dtype) -> Traced:
    jaxpr, out = jax.make_jaxpr(one, return_shape=True)(*(jax.ShapeDtypeStruct((), d) for d in dtypes))
    leaves, tree = jax.tree.flatten(out)
    if not leaves:
        raise TypeError("fn returns no array, so that there is nothing to keep of a seed")
    if any(jnp.issubdtype(leaf.dtype, jax.dtypes.extended) for leaf in leaves):
        raise TypeError("fn returns a random key, which is no array; return jax.random.key_data(key)")
    return Traced(jaxpr.jaxpr, leaves, tree)


def width(lane: int | None, traced: Traced) -> int:
    """The lane asked for, else the power of two whose widest loop (or whole program) fits `LANE_BYTES`."""
    if lane is not None:
        return checks.count("lane", lane)
    loops, straight = _loop_bytes(traced.jaxpr)
    fitting = LANE_BYTES // max(1, max(loops, default=straight))
    return 2 ** int(math.log2(min(WIDEST, max(1, fitting))))


def _loop_bytes(jaxpr: Any) -> tuple[list[int], int]:
    """Bytes that one run touches: per turn of each of its loops, and outside of them.

    Scalars are counted only where a loop carries them: between its turns they stay in registers.
    """
    loops, straight = [], 0
    for equation in jaxpr.eqns:
        carried = _carried(equation)
        straight += sum(_bytes(out.aval) for out in equation.outvars if out.aval.shape)
        for inner in core.jaxprs_in_params(equation.params):
            inner_loops, inner_straight = _loop_bytes(inner)
            if carried is None:
                loops, straight = loops + inner_loops, straight + inner_straight
            else:
                loops = [*loops, max(inner_loops, default=inner_straight) + carried]
    return loops, straight


def _carried(equation: Any) -> int | None:
    """Bytes that a loop hands from turn to turn, None for what is no loop."""
    if equation.primitive.name == "scan":
        # What a turn hands on has the same shape outside; what is stacked has one axis more.
        inside = next(iter(core.jaxprs_in_params(equation.params))).outvars
        pairs: Any = ((out.aval, inner.aval) for out, inner in zip(equation.outvars, inside, strict=True))
        return sum(_bytes(out) for out, inner in pairs if out.shape == inner.shape)
    if equation.primitive.name == "while":
        return sum(_bytes(value.aval) for value in equation.outvars)
    return None


def _bytes(aval: Any) -> int:
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 8)


def sharding(where: Sequence[Any]) -> NamedSharding:
    """The leading axis spread over the devices."""
    return NamedSharding(Mesh(np.array(where), ("run",), axis_types=(AxisType.Auto,)), PartitionSpec("run"))


@functools.lru_cache(maxsize=64)
def vmapped(one: Callable, where: tuple[Any, ...]) -> Callable:
    """`one` for a lane on each of the devices, compiled once per shape.

    The mesh's axis is Auto and vmap does the rest: shard_map, with arrays made inside, would sum bias
    gradients over the devices.
    """
    spread = sharding(where)
    return jax.jit(
        jax.vmap(one), in_shardings=spread, out_shardings=spread, compiler_options=devices.compiler_options()
    )
