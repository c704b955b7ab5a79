"""Does an optimiser treat each number by itself, or does it look at whole arrays, their shapes or names?

In the views "columns" and "nodes", parameters are laid out differently. An optimiser that treats each number
by itself (SGD, momentum, Adam, ...) does the same in any layout, so it works in the view's own layout. An
optimiser that looks at more than single numbers (a mask by `ndim`, labels for each layer, LAMB, Adafactor,
clipping by a norm, L-BFGS) would act differently or fail, so it is given matrices in every view. The
operations of an optimiser show which kind it is; they need not be run.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.core import Tracer
from jax.extend import core

from nnjax.network import Layer, Params
from nnjax.views import VIEWS, View

SHAPES = {"shape", "sharding", "broadcast_dimensions", "out_sharding", "new_sizes"}
"""Parameters of operations that only say how large an array is."""
AXES = {"axis", "axes", "dimension", "dimensions", "permutation"}
"""Parameters of operations that name the axes of an array."""


def works_by_number(optimizer: Any, params: Params, layout: View) -> bool:
    """Check whether two updates in a row use the same operations for each number in `layout` as in matrices.

    Args:
        optimizer: An optax optimiser.
        params: Parameters of the network; only their dtype and the number of layers matter.
        layout: The view.
    """
    if layout is VIEWS["matrix"]:
        return True
    with jax.ensure_compile_time_eval():
        small = tuple(
            Layer(jnp.full((2, 3), 2.0 * layer), jnp.full(3, 2.0 * layer + 1)) for layer in range(len(params))
        )
        laid_out, dtype = layout.enter(small), params[0].weights.dtype
        owners = [int(np.ravel(part)[0]) for part in jax.tree.leaves(laid_out)]
    known: dict[Any, Any] = {}

    def shapes(tree: Any) -> Any:
        return jax.tree.map(lambda part: jax.ShapeDtypeStruct(np.shape(part), dtype), tree)

    try:
        whole = _updates(optimizer, shapes(small), range(2 * len(params)), known)
        parts = _updates(optimizer, shapes(laid_out), owners, known)
    except Exception:  # it may work with matrices; if not, it raises its own error there
        return False
    count = 2 * len(params)
    return all(
        expression == whole[turn * count + owner]
        for turn in range(2)
        for expression, owner in zip(parts[turn * len(owners) :], owners, strict=False)
    )


def _updates(optimizer: Any, params: Any, owners: Sequence[int], known: dict[Any, Any]) -> list[int]:
    """Number the expressions for each array's first and second update, given its gradients and values."""

    def twice(at: Any, first: Any, second: Any, loss: Any) -> Any:
        state, updates = optimizer.init(at), []
        for grads in (first, second):
            more = {"value": loss, "grad": grads, "value_fn": lambda _: loss}
            extra = more if isinstance(optimizer, optax.GradientTransformationExtraArgs) else {}
            update, state = optimizer.update(grads, state, at, **extra)
            updates.append(update)
        return updates

    scalar = jax.ShapeDtypeStruct((), jax.tree.leaves(params)[0].dtype)
    program = jax.make_jaxpr(twice)(params, params, params, scalar)
    inputs = [_number(known, ("given", which, owner)) for which in range(3) for owner in owners]
    return _expressions(program, [*inputs, _number(known, "loss")], known)


def _number(known: dict[Any, Any], key: Any) -> int:
    return known.setdefault(key, len(known))


def _expressions(program: Any, inputs: Sequence[int], known: dict[Any, Any]) -> list[int]:
    """Number a program's results as expressions in its inputs; equal expressions get equal numbers."""
    jaxpr = program.jaxpr
    names = dict(zip(jaxpr.invars, inputs, strict=True))
    held = zip(jaxpr.constvars, program.consts, strict=True)
    names |= {variable: _constant(known, value) for variable, value in held}

    def read(atom: Any) -> int:
        return _constant(known, atom.val) if isinstance(atom, core.Literal) else names[atom]

    for equation in jaxpr.eqns:
        results = _results(equation, [read(atom) for atom in equation.invars], known)
        names |= dict(zip(equation.outvars, results, strict=True))
    return [read(atom) for atom in jaxpr.outvars]


def _constant(known: dict[Any, Any], value: Any) -> int:
    """Number a constant according to its content, or to its identity if the constant is traced."""
    if isinstance(value, Tracer):
        known[("kept alive, so that nothing else gets its id", id(value))] = value
        return _number(known, ("traced", id(value)))
    array = np.asarray(value)
    content = array.ravel()[:1] if array.size and bool((array == array.ravel()[0]).all()) else array
    return _number(known, ("constant", str(array.dtype), content.tobytes()))


def _results(equation: Any, given: list[int], known: dict[Any, Any]) -> Sequence[int]:
    inner = [value for value in equation.params.values() if isinstance(value, core.ClosedJaxpr)]
    if len(inner) == 1 and equation.primitive.name in ("jit", "pjit", "closed_call", "custom_jvp_call"):
        return _expressions(inner[0], given, known)
    spread = equation.primitive.name in ("broadcast_in_dim", "copy", "reshape", "squeeze")
    if spread and not equation.invars[0].aval.shape:
        return given[:1]  # all entries are the same number
    shapes = {getattr(var.aval, "shape", ()) for var in (*equation.invars, *equation.outvars)} - {()}
    by_number = len(shapes) <= 1 and not AXES & set(equation.params)
    params = {k: v for k, v in equation.params.items() if not (by_number and k in SHAPES)}
    key = (
        equation.primitive.name,
        str(sorted(params.items())),
        tuple(given),
        () if by_number else str(shapes),
    )
    return [_number(known, (*key, place)) for place in range(len(equation.outvars))]


_Turn = Callable[[Any], Any]


def as_it_is(tree: Any) -> Any:
    """Leave a pytree unchanged."""
    return tree


def turns(optimizer: Any, params: Params, layout: View) -> tuple[_Turn, _Turn]:
    """Return two functions: one turns the view's layout into the optimiser's, the other turns it back."""
    if works_by_number(optimizer, params, layout):
        return as_it_is, as_it_is
    return layout.leave, layout.enter
