"""Lanes: their width, and the program that runs several of them in turn.

The last digits of a vmapped program's results depend on how many seeds run together and in which order, and
chaos amplifies the differences. Seeds therefore always run in lanes of one width, which depends on the work
of one run and never on the number of seeds. For tiny networks, lanes are narrow, so that a sweep over a few
seeds does not compute many seeds that nobody asked for. One call of the program runs several lanes, one after
the other: as many as the seeds need.
"""

import functools
import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, ArrayLike, PyTree

from nnjax import checks
from nnjax.sweeps import devices, inputs, lapack

LANE_BYTES = 2_000_000
"""The number of bytes that the loop of one lane may touch: the size of a core's second-level cache.

Lanes two to four times as wide are often faster, but products with data that all seeds share then grow so
large that XLA's library cuts them into blocks, and a seed's last digits depend on its place in the lane. On 2
cores, this was observed for 6-9-5-3 networks on 20 rows at widths of 512 and more, and for 64-30-10 networks
in batches of 10 at widths of 64 and more.
"""
WIDEST = 128
"""The widest lane for a CPU core, which fills eight of the core's vectors.

For 2-2-1 networks on XOR, width 64 reaches 0.94 of the speed of width 8192, width 128 reaches 0.97, width 256
reaches 0.68 (XLA puts loops into one function only if they go over less than a few kilobytes), and width 1024
reaches 0.88. A lane of width 128 takes about a sixtieth of the time that a lane of width 8192 takes.
"""
RUNS_PER_CALL = 8192
"""The largest number of runs on a CPU core in one call of the program, if they fit into `LANE_BYTES`."""
ACCELERATOR_SHARE = 1 / 1024
"""The share of an accelerator's memory that one iteration of a lane's loop may touch.

As many runs as fit into this share keep an accelerator busy, and more runs are no faster.
"""
ACCELERATOR_WHOLE = 1 / 4
"""The share of an accelerator's memory that everything in a lane may take up: loops, curves and results."""
ACCELERATOR_WIDEST = 2**18


@functools.lru_cache(maxsize=64)
def one_run(fn: Callable, settings: tuple[str, ...], reads: Hashable = ()) -> Callable:
    """Turn one run into a function of plain numbers.

    The same fn gives the same function object, which jit then recognises. If what fn reads from outside has
    changed, another object is returned, which is traced again.
    """

    def one(seed: Array, *values: Array) -> PyTree:
        return fn(inputs.key(seed), **dict(zip(settings, values, strict=True)))

    return one


class Program(NamedTuple):
    """One run, inspected but not executed.

    Attributes:
        jaxpr: Its operations.
        consts: Arrays that fn closes over, if JAX keeps them apart from the operations.
        results: The shape and dtype of each array that the run returns.
        tree: The structure in which the arrays are returned.
    """

    jaxpr: Any
    consts: list[Any]
    results: list[jax.ShapeDtypeStruct]
    tree: Any


def inspect(one: Callable, *dtypes: np.dtype) -> Program:
    """Inspect one run of `one(seed, *setting)`, given the dtypes of its arguments.

    Raises:
        TypeError: If `one` returns no array.
    """
    return _inspect(one, devices.settings(), *dtypes)


@functools.lru_cache(maxsize=64)
def _inspect(one: Callable, settings: tuple[Any, ...], *dtypes: np.dtype) -> Program:
    jaxpr, out = jax.make_jaxpr(one, return_shape=True)(*(jax.ShapeDtypeStruct((), d) for d in dtypes))
    results, tree = jax.tree.flatten(out)
    if not results:
        raise TypeError("fn returns no array, so there is nothing to store")
    return Program(jaxpr.jaxpr, list(jaxpr.consts), results, tree)


def _as_inspected(one: Callable) -> Callable[..., list[Any]]:
    """Return the operations of `one` as a function (seed, *setting) -> leaves, which is faster to trace."""

    def operations(*arguments: Array) -> list[Any]:
        program = inspect(one, *(np.dtype(argument.dtype) for argument in arguments))
        return core.jaxpr_as_fun(core.ClosedJaxpr(program.jaxpr, program.consts))(*arguments)

    return operations


def constants(program: Program) -> Iterator[np.ndarray]:
    """Return all data that fn closes over, in the program's order, whether JAX keeps it apart or not."""
    yield from map(to_numpy, program.consts)
    yield from _literals(program.jaxpr)


def _literals(jaxpr: Any) -> Iterator[np.ndarray]:
    for equation in jaxpr.eqns:
        yield from (to_numpy(value.val) for value in equation.invars if isinstance(value, core.Literal))
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_program):
            if isinstance(inner, core.ClosedJaxpr):
                yield from map(to_numpy, inner.consts)
        for inner in core.jaxprs_in_params(equation.params):
            yield from _literals(inner)
    yield from (to_numpy(value.val) for value in jaxpr.outvars if isinstance(value, core.Literal))


def _is_program(value: Any) -> bool:
    return isinstance(value, core.ClosedJaxpr)


def fit(
    lane: int | None, program: Program, memory: int | None = None, widest: int = WIDEST
) -> tuple[int, int]:
    """Return the width of a lane, and how many lanes one call runs in turn on a device.

    The automatic width is a power of two for which the widest loop (or the whole program) fits into the cache
    or memory. If lanes have any other width, each call runs only one lane.

    Args:
        lane: The requested width; None for the automatic width.
        program: One run.
        memory: An accelerator's memory in bytes; the loop may touch the share `ACCELERATOR_SHARE` of it, and
            the whole program may touch the share `ACCELERATOR_WHOLE`. None stands for a CPU, each of whose
            cores has a cache of `LANE_BYTES`.
        widest: The widest lane for a CPU core.
    """
    fitting = _fitting(program, memory)
    automatic = fitting if memory is not None else min(fitting, widest)
    lane = automatic if lane is None else checks.count("lane", lane)
    return lane, fitting // lane if lane == automatic else 1


def _fitting(program: Program, memory: int | None) -> int:
    """Return how many runs fit into the cache of a CPU core or an accelerator's memory, as a power of two."""
    loop, whole = _touched(program.jaxpr)
    if memory is None:
        most = min(RUNS_PER_CALL, LANE_BYTES // loop)
    else:
        most = min(ACCELERATOR_SHARE * memory / loop, ACCELERATOR_WHOLE * memory / whole, ACCELERATOR_WIDEST)
    return 2 ** int(math.log2(max(1, most)))


@functools.lru_cache(maxsize=64)
def _touched(jaxpr: Any) -> tuple[int, int]:
    """Count the bytes (at least 1) that one run touches in one iteration of its widest loop, and in total."""
    loops, straight = _loop_bytes(jaxpr)
    return max(1, max(loops, default=straight)), max(1, straight + sum(loops))


def _loop_bytes(jaxpr: Any) -> tuple[list[int], int]:
    """Count the bytes that one run touches in an iteration of each of its loops, and outside of loops.

    Scalars are counted only if a loop carries them; within an iteration they stay in registers.
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
    """Count the bytes that a loop carries between iterations; return None if the operation is not a loop."""
    if equation.primitive.name == "scan":
        # What an iteration carries has the same shape outside the loop; what the loop stacks has one more
        # axis.
        inside = next(iter(core.jaxprs_in_params(equation.params))).outvars
        pairs: Any = ((out.aval, inner.aval) for out, inner in zip(equation.outvars, inside, strict=True))
        return sum(_bytes(out) for out, inner in pairs if out.shape == inner.shape)
    if equation.primitive.name == "while":
        return sum(_bytes(value.aval) for value in equation.outvars)
    return None


def _bytes(aval: Any) -> int:
    return math.prod(aval.shape) * getattr(aval.dtype, "itemsize", 8)


def sharding(where: Sequence[Any], *before: None) -> NamedSharding:
    """Spread an array's leading axis, or the axis that follows those in `before`, over the devices."""
    mesh = Mesh(np.array(where), ("run",), axis_types=(AxisType.Auto,))
    return NamedSharding(mesh, PartitionSpec(*before, "run"))


@functools.lru_cache(maxsize=64)
def vmapped(one: Callable, where: tuple[Any, ...]) -> Callable:
    """Turn `one` into a program for a lane on each of the devices, which is compiled once per shape.

    The axis of the mesh is Auto, and vmap does the rest; shard_map would sum bias gradients over the devices,
    because of arrays that are made inside `one`.
    """
    spread = sharding(where)
    options = devices.compiler_options()
    lane = lapack.vmap(one, where[0].platform)
    return jax.jit(lane, in_shardings=spread, out_shardings=spread, compiler_options=options)


@functools.lru_cache(maxsize=64)
def in_turn(one: Callable, where: tuple[Any, ...], *results: jax.ShapeDtypeStruct) -> Callable:
    """Turn `one` into a program (turns, arrays (lanes, runs)) -> its results, arrays (lanes, runs, ...).

    The program runs the first `turns` lanes, one after the other, and spreads each of them over the devices.
    """
    lane, options = lapack.vmap(_as_inspected(one), where[0].platform), devices.compiler_options()

    def lanes(turns: Array, rows: tuple[Array, ...]) -> PyTree:
        def turn(index: Array, results: PyTree) -> PyTree:
            now = lane(*(row[index] for row in rows))
            return [every.at[index].set(some) for every, some in zip(results, now, strict=True)]

        empty = [_empty((*rows[0].shape, *result.shape), result.dtype) for result in results]
        return jax.lax.fori_loop(0, turns, turn, empty)

    spread = sharding(where, None)
    everywhere = NamedSharding(spread.mesh, PartitionSpec())
    return jax.jit(lanes, in_shardings=(everywhere, spread), out_shardings=spread, compiler_options=options)


def _empty(shape: tuple[int, ...], dtype: Any) -> Array:
    """Make an array to be filled later; it may be an array of random keys."""
    if jnp.issubdtype(dtype, jax.dtypes.prng_key):
        return jnp.broadcast_to(jax.random.key(0, impl=jax.random.key_impl(jnp.empty((), dtype))), shape)
    return jnp.zeros(shape, dtype)


def _is_key(array: Any) -> bool:
    return hasattr(array, "dtype") and jnp.issubdtype(array.dtype, jax.dtypes.prng_key)


def stored(result: jax.ShapeDtypeStruct) -> jax.ShapeDtypeStruct:
    """Return the shape and dtype of the NumPy array for a result; random keys are stored as key data."""
    return jax.eval_shape(jax.random.key_data, result) if _is_key(result) else result


def to_numpy(array: ArrayLike) -> np.ndarray:
    """Copy an array to the host; random keys are copied as key data."""
    return np.asarray(jax.random.key_data(array) if _is_key(array) else array)


def from_numpy(array: np.ndarray, result: jax.ShapeDtypeStruct) -> np.ndarray | Array:
    """Undo `to_numpy`: turn key data back into random keys, if `result`, the result of one run, is a key."""
    if not _is_key(result):
        return array
    return jax.random.wrap_key_data(jnp.asarray(array), impl=jax.random.key_impl(jnp.empty((), result.dtype)))
