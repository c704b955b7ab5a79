"""Many updates of many tiny networks, computed by one GPU kernel.

A scan launches at least one kernel for each update, and for networks with nine parameters the launches take
most of the time. In the kernel, each thread keeps the numbers of one run in registers from the first update
to the last. On an H100, one update of 131,072 networks of the form 2-2-1 takes 2.0 μs, while a scan of the
same operations takes 11 μs; both give the same bits.

The kernel is written in Pallas, JAX's language for kernels, and compiled by Triton. JAX has announced (in
0.11) that it will drop Triton; once Triton is gone, steps will run in a scan.
"""

import functools
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jax.interpreters import partial_eval
from jaxtyping import Array, PyTree

THREADS = 128
"""The number of runs per block, one for each thread."""
FEWEST = 32
"""The number of runs in the smallest block.

If the total number of runs is not a multiple of this number, the runs are computed in a scan.
"""
MOST_OPERATIONS = 1400
"""The largest number of operations that a step may have for its kernel to compile within seconds.

A step of 842 operations (2-4-4-1) takes 4 s to compile, and a step of 2626 operations takes over 60 s (on an
H100, with jax 0.11.2).
"""
OPERATIONS = frozenset({
    "abs", "add", "and", "convert_element_type", "copy", "custom_jvp_call", "div", "eq", "exp", "exp2",
    "expm1", "floor", "ge", "gt", "integer_pow", "is_finite", "jit", "le", "log", "log1p", "logistic", "lt",
    "max", "min", "mul", "ne", "neg", "not", "or", "pjit", "pow", "rsqrt", "select_n", "sign", "sqrt",
    "square", "stop_gradient", "sub", "tanh",
})  # fmt: skip
"""The operations on numbers that kernels support, under the names that JAX gives them."""

Step = Callable[[PyTree], PyTree]


def repeat(step: Step, carry: PyTree, length: int) -> PyTree:
    """Return step(step(... carry)), `length` times; on an NVIDIA GPU many vmapped runs share one kernel.

    Args:
        step: The step of one run: a pure function that turns the run's numbers into new numbers of the same
            types. If `fits` is false, or the device is not an NVIDIA GPU, the step runs in a scan.
        carry: The numbers of a run, a pytree of arrays of shape ().
        length: The number of steps.
    """
    leaves, tree = jax.tree.flatten(carry)
    closed = jax.make_jaxpr(lambda *leaves: jax.tree.leaves(step(tree.unflatten(leaves))))(*leaves)
    if not on_nvidia() or not fits(closed.jaxpr):
        return jax.lax.scan(lambda carry, _: (step(carry), None), carry, length=length)[0]
    # Values that the step closes over (a rate, say) come first; like weights, they can differ between runs.
    outcome = _repeated(closed.jaxpr, length, len(closed.consts))(*closed.consts, *leaves)
    return tree.unflatten(outcome)


def on_nvidia() -> bool:
    """Check whether JAX computes on an NVIDIA GPU by default, and can make kernels for it."""
    default: Any = getattr(jax.config, "jax_default_device", None) or jax.local_devices()[0]
    if isinstance(default, str) or "NVIDIA" not in default.device_kind.upper():
        return False
    # This is checked last, because finding a module imports its parent packages, and nothing else needs
    # Pallas.
    return importlib.util.find_spec("jax.experimental.pallas.triton") is not None


def fits(jaxpr: Any) -> bool:
    """Check whether a step has few enough operations, all in `OPERATIONS` and on numbers of up to 32 bits."""
    used, equations = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[0], operations(jaxpr)
    values = [*used.invars, *used.constvars, *(value for each in equations for value in each.outvars)]
    return (
        len(equations) <= MOST_OPERATIONS
        and all(equation.primitive.name in OPERATIONS for equation in equations)
        and all(value.aval.shape == () and value.aval.dtype.itemsize <= 4 for value in values)
    )


def operations(jaxpr: Any) -> list[Any]:
    """List all operations on which the results of a program depend."""
    return list(_equations(partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))[0]))


def _equations(jaxpr: Any) -> Iterator[Any]:
    """Yield all operations, including those nested in others."""
    for equation in jaxpr.eqns:
        yield equation
        for inner in core.jaxprs_in_params(equation.params):
            yield from _equations(inner)


def _repeated(jaxpr: Any, length: int, consts: int) -> Callable[..., Sequence[Array]]:
    """Turn the repeated step, given as a program, into a function of its constants and the run's numbers."""
    used = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars), True)[0]

    def step(*arguments: Array) -> tuple[Array, ...]:
        return tuple(core.jaxpr_as_fun(core.ClosedJaxpr(used, arguments[:consts]))(*arguments[consts:]))

    @jax.custom_batching.custom_vmap
    def one(*arguments: Array) -> tuple[Array, ...]:
        return scan(step, consts, length, *arguments)

    @one.def_vmap
    def many(
        runs: int, batched: Sequence[bool], *arguments: Array
    ) -> tuple[tuple[Array, ...], tuple[bool, ...]]:
        spread = [
            argument if is_batched or index < consts else jnp.broadcast_to(argument, (runs,))
            for index, (argument, is_batched) in enumerate(zip(arguments, batched, strict=True))
        ]
        together = jax.vmap(step, in_axes=tuple(0 if array.ndim else None for array in spread))
        as_scan = functools.partial(scan, together, consts, length)
        if runs % FEWEST:
            outcome = as_scan(*spread)
        else:
            as_kernel = functools.partial(kernel, together, consts, length)
            outcome = jax.lax.platform_dependent(*spread, cuda=as_kernel, default=as_scan)
        return outcome, (True,) * (len(arguments) - consts)

    return one


def scan(step: Callable, consts: int, length: int, *arguments: Array) -> tuple[Array, ...]:
    """Repeat the step in a scan: step(*constants, *values) -> values."""
    body = functools.partial(step, *arguments[:consts])
    return jax.lax.scan(lambda values, _: (body(*values), None), arguments[consts:], length=length)[0]


def kernel(
    step: Callable, consts: int, length: int, *arguments: Array, interpret: bool = False
) -> tuple[Array, ...]:
    """Repeat the step in a kernel over blocks of runs.

    Args:
        step: (*constants, *values) -> values, for a block of runs.
        consts: How many of the arguments are constants, which the step only reads.
        length: The number of steps.
        arguments: The constants, each of shape (s,), or () if all runs share it; then the runs' numbers, as
            arrays (s,). The number of runs, s, is a multiple of `FEWEST`.
        interpret: Whether JAX interprets the kernel, which works on any device.
    """
    from jax.experimental import pallas
    from jax.experimental.pallas import triton

    runs, values = len(arguments[-1]), arguments[consts:]
    block = next(size for size in (THREADS, THREADS // 2, FEWEST) if runs % size == 0)
    by_block = pallas.BlockSpec((block,), lambda i: (i,))
    whole = pallas.BlockSpec((1,), lambda i: (0,))

    def body(*references: Any) -> None:
        inputs = zip(references, arguments, strict=False)
        read = [reference[...] if array.ndim else reference[0] for reference, array in inputs]
        turn = functools.partial(step, *read[:consts])
        last = jax.lax.fori_loop(0, length, lambda _, now: turn(*now), tuple(read[consts:]))
        for reference, value in zip(references[len(read) :], last, strict=True):
            reference[...] = value

    call = pallas.pallas_call(
        body,
        grid=(runs // block,),
        in_specs=[by_block if array.ndim else whole for array in arguments],
        out_specs=[by_block] * len(values),
        out_shape=[jax.ShapeDtypeStruct(value.shape, value.dtype) for value in values],
        interpret=interpret,
        compiler_params=None if interpret else triton.CompilerParams(num_warps=block // 32, num_stages=1),
    )
    return tuple(call(*(array if array.ndim else array.reshape(1) for array in arguments)))
