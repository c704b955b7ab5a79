"""Refusals: a wrong argument is stopped where it enters, by name, with what came and what is accepted."""

import difflib
import operator
from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, ArrayLike, PRNGKeyArray

T = TypeVar("T")


def lookup(kind: str, name: str, table: Mapping[str, T]) -> T:
    """`table[name]`, or a ValueError that suggests the nearest name."""
    if isinstance(name, str) and name in table:
        return table[name]
    near = difflib.get_close_matches(str(name), table, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"unknown {kind} {name!r}.{hint} Accepted: {', '.join(table)}")


def _is_known(values: Array | np.ndarray) -> bool:
    """Whether the values can be looked at: under jit, vmap or grad they are not there yet."""
    return not isinstance(values, Tracer)


def real_array(name: str, values: ArrayLike, dtype: jnp.dtype) -> Array:
    """`values` in `dtype`: integers and booleans are converted, complex, NaN and infinite ones refused.

    Inside jit, vmap or grad the values are not known and only their type is checked.
    """
    array = numbers(name, values)
    if jnp.issubdtype(array.dtype, jnp.complexfloating):
        raise TypeError(f"{name} must be real numbers, got {array.dtype}")
    with np.errstate(over="ignore"):
        # Looked at before it is cast: inside jit the cast of a known array is not known.
        if _is_known(array) and not np.all(np.isfinite(np.asarray(array).astype(dtype))):
            raise ValueError(f"{name} holds NaN or infinite values in {dtype}; finite numbers are accepted")
        return jnp.asarray(array.astype(dtype))


def numbers(name: str, values: Any) -> Array | np.ndarray:
    """A JAX array as it is, anything else by NumPy: JAX would wrap large integers while x64 is off."""
    try:
        array = values if isinstance(values, jax.Array) else np.asarray(values)
    except jax.errors.TracerArrayConversionError:
        array = jnp.asarray(values)
    except ValueError as error:
        raise TypeError(f"{name} must be an array of numbers, got {type(values).__name__}") from error
    if not (jnp.issubdtype(array.dtype, jnp.number) or jnp.issubdtype(array.dtype, jnp.bool_)):
        kind = f"{type(values).__name__} of {array.dtype}"
        raise TypeError(f"{name} must be an array of numbers, got {kind}")
    return array


def example(name: str, values: ArrayLike, width: int, dtype: jnp.dtype) -> Array:
    """One row of `width` numbers, shape (width,)."""
    array = real_array(name, values, dtype)
    if array.shape != (width,):
        batch = " (a batch? write for one example and use jax.vmap)" if array.ndim == 2 else ""
        raise ValueError(f"{name} has shape {array.shape}{batch}, expected ({width},): one number per node")
    return array


def batch(name: str, values: ArrayLike, width: int, dtype: jnp.dtype) -> Array:
    """Rows of `width` numbers, shape (n, width), n >= 1."""
    array = real_array(name, values, dtype)
    if array.ndim != 2 or array.shape[1] != width:
        n = array.shape[0] if array.ndim else 1
        raise ValueError(f"{name} have shape {array.shape}, expected ({n}, {width}): one column per node")
    if array.shape[0] == 0:
        raise ValueError(f"{name} have shape {array.shape}: an empty batch; at least one row is needed")
    return array


def targets(name: str, values: ArrayLike) -> None:
    """Refuse labels of a cross-entropy outside [0, 1], where they are known: it has no lower bound there."""
    array = numbers(name, values)
    if not _is_known(array):
        return
    known = np.asarray(array).astype(np.float32)  # 1 + 2e-16 is a rounded 1
    if not np.all(np.abs(known - 0.5) <= 0.5):
        raise ValueError(f"{name} of a cross-entropy must lie in [0, 1], got {known.min()} to {known.max()}")


def random_key(key: PRNGKeyArray) -> None:
    """Refuse what is not one JAX random key."""
    if not (hasattr(key, "dtype") and jnp.issubdtype(key.dtype, jax.dtypes.prng_key) and key.shape == ()):
        raise TypeError(f"key must be one JAX random key, as from nnjax.key(seed); got {key!r}")


def floating_dtype(dtype: jnp.dtype | type) -> jnp.dtype:
    """`dtype`, refused unless it is a floating type that JAX would really use."""
    wanted = jnp.dtype(dtype)
    if not jnp.issubdtype(wanted, jnp.floating):
        raise TypeError(f"dtype must be a floating type such as float32, got {wanted}")
    if wanted == jnp.float64 and jax.dtypes.canonicalize_dtype(wanted) != wanted:
        raise ValueError('dtype float64 needs jax.config.update("jax_enable_x64", True), which is off')
    return wanted


def functions(**given: Any) -> None:
    """Refuse what cannot be called, and what cannot be hashed: compiled programs are found again by it."""
    for name, function in given.items():
        if not callable(function):
            raise TypeError(f"{name} must be a function, got {type(function).__name__}")
        try:
            hash(function)
        except TypeError as error:
            raise TypeError(f"{name} must be hashable ({error}); a plain function around it is") from None


def count(name: str, value: int, least: int = 1, most: int | None = None) -> int:
    """An integer of at least `least` and at most `most`."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least or (most is not None and value > most):
        accepted = f"{least} or more" if most is None else f"{least} to {most}"
        raise ValueError(f"{name} must be {accepted}, got {value}")
    return operator.index(value)
