"""The call from XLA into the compiled library: under vmap one call for all runs, spread over the devices."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array


@functools.cache
def call(target: str, passes: int, params: int, vmapped: int = 0) -> Callable[..., tuple[Array, ...]]:
    """Make the function (weights, biases, ..., xs, ys, order, rate) -> (weights, biases, ...).

    Args:
        target: The name of the compiled function.
        passes: How many times it goes through the rows.
        params: The number of arrays of weights and biases.
        vmapped: The number of axes that vmap has put in front of every argument; they have length 1 where all
            runs share the argument.
    """
    computed = functools.partial(_compute, target, passes, params, vmapped)

    @jax.custom_batching.custom_vmap
    def one(*arguments: Array) -> tuple[Array, ...]:
        return _spread(computed)(*arguments) if vmapped else computed(*arguments)

    @one.def_vmap
    def many(
        runs: int, batched: Sequence[bool], *arguments: Array | np.ndarray
    ) -> tuple[tuple[Array, ...], tuple[bool, ...]]:
        axes = [a if is_batched else a[None] for a, is_batched in zip(arguments, batched, strict=True)]
        return call(target, passes, params, vmapped + 1)(*axes), (True,) * params

    return one


def _compute(target: str, passes: int, params: int, vmapped: int, *arguments: Array) -> tuple[Array, ...]:
    runs = np.broadcast_shapes(*(argument.shape[:vmapped] for argument in arguments))
    results = [jax.ShapeDtypeStruct((*runs, *a.shape[vmapped:]), a.dtype) for a in arguments[:params]]
    return tuple(jax.ffi.ffi_call(target, results)(*arguments, passes=np.int64(passes)))


def _spread(computed: Callable[..., tuple[Array, ...]]) -> Callable[..., tuple[Array, ...]]:
    """Tell XLA that the first axis, the runs, may be spread over devices, each of which then calls by itself.

    Without this, every device would compute all runs.
    """
    spread = custom_partitioning(computed)

    def partition(mesh: Any, arguments: Sequence[Any], results: Sequence[Any]) -> tuple[Any, ...]:
        runs, (axis, *_) = results[0].shape[0], (*results[0].sharding.spec, None)
        here, everywhere = NamedSharding(mesh, PartitionSpec(axis)), NamedSharding(mesh, PartitionSpec())
        places = tuple(here if argument.shape[0] == runs else everywhere for argument in arguments)
        return mesh, computed, (here,) * len(results), places

    spread.def_partition(partition=partition, sharding_rule=_rule)
    return spread


def _rule(mesh: Any, arguments: Sequence[Any], results: Sequence[Any]) -> str:
    """Write which axes belong together: the first one of all arrays, unless it has length 1."""
    runs = results[0].shape[0]

    def axes(name: str, shape: Sequence[int]) -> str:
        first = "runs" if shape[0] == runs else f"{name}0"
        return " ".join([first, *(f"{name}{axis}" for axis in range(1, len(shape)))])

    before, after = (
        ", ".join(axes(f"{letter}{index}_", value.shape) for index, value in enumerate(values))
        for letter, values in (("a", arguments), ("r", results))
    )
    return f"{before} -> {after}"
