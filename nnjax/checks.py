"""Refuse wrong arguments; messages name the argument and say what was given and what is accepted.

Every public function checks its arguments once and then hands them to formulas that check nothing.
"""

import difflib
import importlib
import numbers as number_types
import operator
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, PRNGKeyArray

T = TypeVar("T")


def lookup(kind: str, name: Any, table: Mapping[str, T], aliases: Mapping[str, str] | None = None) -> T:
    """Return the entry that `canonical` names."""
    return table[canonical(kind, name, table, aliases)]


def canonical(
    kind: str, name: Any, table: Mapping[str, Any], aliases: Mapping[str, str] | None = None
) -> str:
    """Return the table's spelling of a name or alias; case, _, - and spaces in it do not matter.

    Args:
        kind: What kind of thing the name stands for; used in the message.
        name: The name.
        table: A mapping whose keys are the accepted names.
        aliases: Other names for the same things, in lower case and without _.

    Raises:
        ValueError: If there is no such name; the message suggests the nearest.
    """
    if isinstance(name, str) and name in table:
        return name
    known = {_squeezed(key): key for key in table}
    known = {other: key for other, key in (aliases or {}).items() if key in table} | known
    if isinstance(name, str) and _squeezed(name) in known:
        return known[_squeezed(name)]
    near = difflib.get_close_matches(_squeezed(str(name)), known, n=1)
    hint = f" Did you mean {known[near[0]]!r}?" if near else ""
    raise ValueError(f"unknown {kind} {named(name)}.{hint} Accepted: {', '.join(table)}")


def _squeezed(name: str) -> str:
    return name.lower().translate({ord(sign): None for sign in "_- "})


def named(value: Any) -> str:
    """Return the name of a function (even if it is wrapped in a partial), or the repr of any other value."""
    name = getattr(getattr(value, "func", value), "__name__", None)
    return name if isinstance(name, str) else repr(value)


def _is_known(values: Array | np.ndarray) -> bool:
    """Check whether the values can be read; under jit, vmap or grad they do not exist yet."""
    return not isinstance(values, Tracer)


Range = tuple[float, float] | None
"""The lowest and the highest accepted number; None accepts all numbers."""


def real_array(name: str, values: Any, dtype: jnp.dtype, within: Range = None) -> Array:
    """Convert `values` to `dtype`; refuse complex, NaN and infinite values, and any outside a range.

    Integers and booleans are converted. Inside jit, vmap or grad the values are not known, so only their type
    is checked.
    """
    array = numbers(name, values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"{name} must be real numbers, got {array.dtype}")
    with np.errstate(over="ignore"):
        # This check comes before the cast, because inside jit a cast makes even a known array unknown.
        if _is_known(array):
            _check_values(name, np.asarray(array), dtype, within)
        return jnp.asarray(array.astype(dtype))


def _check_values(name: str, known: np.ndarray, dtype: jnp.dtype, within: Range) -> None:
    if not np.all(np.isfinite(known.astype(dtype))):
        raise ValueError(f"{name} holds NaN or infinite values in {dtype}; finite numbers are accepted")
    rounded = known.astype(np.float32)  # rounding makes 1 + 2e-16 count as 1
    if within is not None and rounded.size and not (within[0] <= rounded.min() <= rounded.max() <= within[1]):
        low, high = within
        raise ValueError(
            f"{name} must lie in [{low:g}, {high:g}] for this loss, got {rounded.min()} to {rounded.max()}"
        )


def numbers(name: str, values: Any) -> Array | np.ndarray:
    """Return a JAX array as it is and anything else as a NumPy array; refuse anything but numbers.

    NumPy does the conversion, because JAX would wrap large integers while x64 is off.
    """
    try:
        array = values if isinstance(values, jax.Array) else np.asarray(values)
    except jax.errors.TracerArrayConversionError:
        array = jnp.asarray(values)
    except ValueError as error:
        raise TypeError(f"{name} must be an array of numbers, got {type(values).__name__}") from error
    if array.dtype == object and _all_numbers(array):
        array = array.astype(float)  # pandas' nullable columns
    if not (jnp.issubdtype(array.dtype, jnp.number) or jnp.issubdtype(array.dtype, jnp.bool_)):
        kind = f"{type(values).__name__} of {array.dtype}"
        raise TypeError(f"{name} must be an array of numbers, got {kind}")
    return array


def _all_numbers(array: Any) -> bool:
    kinds = all(isinstance(value, number_types.Real) for value in array.flat)
    return kinds and not any(isinstance(value, int) and abs(value) >= 2**63 for value in array.flat)


def example(name: str, values: ArrayLike, width: int, dtype: jnp.dtype, within: Range = None) -> Array:
    """Convert one row of `width` numbers, shape (width,), to `dtype`."""
    array = real_array(name, values, dtype, within)
    if array.shape != (width,):
        batch = " (a batch? write the function for one example and use jax.vmap)" if array.ndim == 2 else ""
        raise ValueError(f"{name} has shape {array.shape}{batch}, expected ({width},): one number per node")
    return array


COLUMN = ' (one column: values[:, None], or frame[["y"]] from a data frame)'
COLUMNS = " ({} classes? nnjax.datasets.one_hot makes columns of labels)"
ROW = " (one row? write [[...]], or values[None] for an array)"


def batch(
    name: str,
    values: ArrayLike,
    width: int,
    dtype: jnp.dtype,
    within: Range = None,
    *,
    targets: bool = False,
) -> Array:
    """Convert rows of `width` numbers, shape (n, width), n ≥ 1, to `dtype`."""
    array = real_array(name, values, dtype, within)
    if array.ndim != 2 or array.shape[1] != width:
        n, hint = _rows_meant(array.shape, width, targets)
        raise ValueError(
            f"{name} have shape {array.shape}, expected ({n}, {width}): one column per node{hint}"
        )
    if array.shape[0] == 0:
        raise ValueError(f"{name} have shape {array.shape}: an empty batch; at least one row is needed")
    return array


def _rows_meant(shape: tuple[int, ...], width: int, targets: bool) -> tuple[int, str]:
    """Guess how many rows are meant, and how they should have been written."""
    if len(shape) != 1:
        return (shape[0] if shape else 1), ""
    if width == 1:
        return shape[0], COLUMN
    if targets:
        return shape[0], COLUMNS.format(width)
    return (1, ROW) if shape[0] == width else (shape[0], "")


def number(name: str, value: Any, above: float | None = None, least: float | None = None) -> None:
    """Refuse anything but a single real number; if its value is known, it must also obey the bounds."""
    try:
        array = value if isinstance(value, Tracer) else np.asarray(value)
    except ValueError:
        array = np.array([])  # value consists of lists of unequal lengths
    real = jnp.issubdtype(array.dtype, jnp.integer) or jnp.issubdtype(array.dtype, jnp.floating)
    if array.ndim != 0 or not real:
        raise TypeError(f"{name} must be one number, got {value!r}")
    if isinstance(value, Tracer):
        return
    if above is not None and not value > above:
        raise ValueError(f"{name} must be above {above:g}, got {value}")
    if least is not None and not value >= least:
        raise ValueError(f"{name} must be {least:g} or more, got {value}")


def not_negative(name: str, values: Array) -> None:
    """Refuse numbers below 0, if their values are known."""
    if _is_known(values) and np.any(np.asarray(values) < 0):
        raise ValueError(f"{name} must be 0 or more, got {np.asarray(values).min()}")


def same_bits(one: Array, other: Array) -> bool:
    """Check whether two known arrays are equal bit for bit."""
    a, b = np.asarray(one), np.asarray(other)
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def zeros(name: str, values: Array | np.ndarray, where: str) -> None:
    """Refuse values that would be ignored, if they are known and not all 0."""
    if _is_known(values) and np.any(np.asarray(values) != 0):
        raise ValueError(f"{name} must be 0 {where}, got {np.asarray(values)}")


def random_key(key: PRNGKeyArray) -> None:
    """Refuse anything but a single JAX random key."""
    if not (hasattr(key, "dtype") and jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.shape == ()):
        raise TypeError(f"key must be one JAX random key, such as nnjax.key(seed); got {key!r}")


def floating_dtype(dtype: jnp.dtype | type) -> jnp.dtype:
    """Return `dtype`; refuse it unless it is a floating-point type that JAX would really use."""
    wanted = jnp.dtype(dtype)
    if not jnp.issubdtype(wanted, jnp.floating):
        raise TypeError(f"dtype must be a floating type such as float32, got {wanted}")
    if wanted == jnp.float64 and jax.dtypes.canonicalize_dtype(wanted) != wanted:
        raise ValueError(
            'dtype float64 needs JAX\'s x64 flag, which is off: jax.config.update("jax_enable_x64", True)'
        )
    return wanted


def functions(**given: Any) -> None:
    """Refuse anything that cannot be called or hashed, since compiled programs are looked up by hash."""
    for name, function in given.items():
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}")
        try:
            hash(function)
        except TypeError as error:
            raise TypeError(f"{name} must be hashable ({error}); wrap it in a plain function") from None


def whole(name: str, value: Any) -> int:
    """Return an integer; a float such as 2.0 is accepted too, since numbers from R arrive as floats."""
    if isinstance(value, Tracer):
        raise TypeError(
            f"{name} must be known when the program is compiled, got a traced number (a sweep traces its "
            "settings): run one sweep for each value, or use nnjax.study(..., static=...)"
        )
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return int(value)
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    return operator.index(cast(Any, value))


def count(name: str, value: Any, least: int = 1, most: int | None = None) -> int:
    """Return an integer; refuse it if it is below `least` or above `most`."""
    value = whole(name, value)
    if value < least or (most is not None and value > most):
        accepted = f"{least} or more" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {accepted}, got {value}")
    return value


def needed(module: str, who: str, package: str = "scikit-learn", extra: str = "experiments") -> Any:
    """Import a module that nnjax itself does not need.

    Raises:
        ImportError: If the module is not installed; the message names the extra that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ImportError(f"{who} needs {package}: pip install 'nnjax[{extra}]'") from error
