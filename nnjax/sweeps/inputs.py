"""What a sweep runs: one row per seed and setting, checked where they come in."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import ArrayLike

from nnjax import checks

Columns = dict[str, np.ndarray]
Seeds = Sequence[int] | ArrayLike
Settings = Mapping[str, ArrayLike | Sequence[float] | Sequence[int]] | None


def columns(seeds: Seeds, settings: Settings) -> tuple[Columns, tuple[int, ...]]:
    """One row per (seed, setting) pair, and the shape that the rows stand for.

    Raises:
        TypeError, ValueError: As `nnjax.sweep` for seeds and settings.
    """
    seeds = _seeds(seeds)
    if settings is None:
        return {"seed": seeds}, (len(seeds),)
    if not isinstance(settings, Mapping):
        raise TypeError(
            f"settings must be a mapping of names to lists of numbers, got {type(settings).__name__}"
        )
    if {"seed", "key"} & set(settings):
        raise ValueError("settings must not be called 'seed' or 'key', which fn's first argument stands for")
    values = {name: _setting(name, value) for name, value in settings.items()}
    lengths = {name: value.shape for name, value in values.items()}
    if (
        not values
        or len(set(lengths.values())) != 1
        or any(len(s) != 1 or s[0] < 1 for s in lengths.values())
    ):
        raise ValueError(f"settings must be lists of one common length, at least 1; got shapes {lengths}")
    count = len(next(iter(values.values())))
    paired = {name: np.tile(value, len(seeds)) for name, value in values.items()}
    return {"seed": np.repeat(seeds, count)} | paired, (len(seeds), count)


def _setting(name: str, value: ArrayLike | Sequence[float] | Sequence[int]) -> np.ndarray:
    """The numbers in JAX's dtype, refused where that has no room for them (JAX would wrap large integers)."""
    given = np.asarray(checks.numbers(f"setting {name!r}", value))
    with np.errstate(over="ignore", under="ignore"):
        kept = given.astype(jax.dtypes.canonicalize_dtype(given.dtype))
    rounded = jnp.issubdtype(given.dtype, jnp.inexact)
    fits = (
        (np.isfinite(kept) == np.isfinite(given)) & ((kept == 0) == (given == 0))
        if rounded
        else kept == given
    )
    if not np.all(fits):
        raise ValueError(
            f"setting {name!r} holds {given[~fits].flat[0]}, which {kept.dtype} cannot hold; "
            'jax.config.update("jax_enable_x64", True) gives 64 bits'
        )
    return kept


def dtypes(columns: Columns) -> tuple[np.dtype, ...]:
    """Of a row, as `lanes.trace` wants them."""
    return tuple(column.dtype for column in columns.values())


def _seeds(seeds: Seeds) -> np.ndarray:
    try:
        array = np.asarray(seeds)
    except ValueError:
        raise ValueError("seeds must be one list of integers, got lists of unequal length") from None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"seeds must be a list of at least one integer, got shape {array.shape}")
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"seeds must be integers, got {array.dtype}")
    if array.min() < 0 or array.max() >= 2**32:
        raise ValueError(f"seeds must be in 0..2**32-1, got {array.min()} to {array.max()}")
    return array.astype(np.uint32)
