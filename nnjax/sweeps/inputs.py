"""What a sweep runs over: one row for each pair of a seed and a setting; all rows are checked on entry."""

import dataclasses
from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, PRNGKeyArray

from nnjax import checks

Seeds = Sequence[int] | ArrayLike
Settings = Mapping[str, ArrayLike | Sequence[float] | Sequence[int]] | None


@dataclasses.dataclass(frozen=True)
class Inputs:
    """The rows of a sweep in the order of its results: all settings of the first seed, then all of the next.

    Attributes:
        columns: The columns by name, with one value per row, (r,): "seed" first, then each setting.
        shape: The shape that the rows represent: (seeds,) or (seeds, settings).
    """

    columns: dict[str, np.ndarray]
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """The number of rows."""
        return len(self.columns["seed"])

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings: all columns except the seed."""
        return tuple(self.columns)[1:]

    @property
    def dtypes(self) -> tuple[np.dtype, ...]:
        """The dtype of each column."""
        return tuple(column.dtype for column in self.columns.values())

    def abstract(self, *leading: int) -> tuple[jax.ShapeDtypeStruct, ...]:
        """Return the shape and dtype of each column's values, for one row or with these leading axes."""
        return tuple(jax.ShapeDtypeStruct(leading, dtype) for dtype in self.dtypes)

    def take(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return each column's values in these rows."""
        return tuple(column[rows] for column in self.columns.values())

    def reshape(self, rows: np.ndarray) -> np.ndarray:
        """Split the leading axis, which has one entry per row, into seeds and settings."""
        return rows.reshape(*self.shape, *rows.shape[1:])


def read(seeds: Seeds, settings: Settings) -> Inputs:
    """Pair every seed with every setting.

    Raises:
        TypeError, ValueError: As in `nnjax.sweep` for seeds and settings.
    """
    column = _seeds(seeds)
    if settings is None:
        return Inputs({"seed": column}, column.shape)
    values = _settings(settings)
    count = len(next(iter(values.values())))
    paired = {name: np.tile(value, len(column)) for name, value in values.items()}
    return Inputs({"seed": np.repeat(column, count)} | paired, (len(column), count))


def key(seed: Array) -> PRNGKeyArray:
    """Make the random key of a seed (uint32) that `read` has checked; unlike `nnjax.key`, it works in jit."""
    return jax.random.key(seed, impl="threefry2x32")


def _seeds(seeds: Seeds) -> np.ndarray:
    try:
        array = np.asarray(seeds)
    except ValueError:
        raise ValueError("seeds must be one list of integers, got lists of unequal length") from None
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"seeds must be a list of at least one integer, got shape {array.shape}")
    if np.issubdtype(array.dtype, np.floating):
        array = _whole(array.astype(float))  # numbers from R arrive as floats
    elif not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"seeds must be integers, got {array.dtype}")
    if array.min() < 0 or array.max() >= 2**32:
        raise ValueError(f"seeds must be in 0..2**32-1, got {array.min()} to {array.max()}")
    return array.astype(np.uint32)


def _whole(floats: np.ndarray) -> np.ndarray:
    wrong = floats[~np.isfinite(floats) | (floats != np.trunc(floats))]
    if wrong.size:
        raise TypeError(f"seeds must be integers, got {wrong[0]}")
    return floats


def _settings(settings: Mapping) -> dict[str, np.ndarray]:
    if not isinstance(settings, Mapping):
        raise TypeError(
            f"settings must be a mapping of names to lists of numbers, got {type(settings).__name__}"
        )
    if {"seed", "key"} & set(settings):
        raise ValueError("settings must not be called 'seed' or 'key', which stand for fn's first argument")
    values = {name: _setting(name, value) for name, value in settings.items()}
    shapes = {name: value.shape for name, value in values.items()}
    lists = all(len(shape) == 1 and shape[0] >= 1 for shape in shapes.values())
    if not lists or len(set(shapes.values())) != 1:
        raise ValueError(f"settings must be lists of one common length, at least 1; got shapes {shapes}")
    return values


def _setting(name: str, value: ArrayLike | Sequence[float] | Sequence[int]) -> np.ndarray:
    """Convert numbers to JAX's dtype; refuse those that do not fit, since JAX would wrap large integers."""
    try:
        given = np.asarray(checks.numbers(f"setting {name!r}", value))
    except TypeError as error:
        raise TypeError(f"{error}; for names and the like use nnjax.study(..., static=...)") from None
    with np.errstate(over="ignore", under="ignore"):
        kept = given.astype(jax.dtypes.canonicalize_dtype(given.dtype))
    if jnp.issubdtype(given.dtype, jnp.inexact):
        fits = (np.isfinite(kept) == np.isfinite(given)) & ((kept == 0) == (given == 0))
    else:
        fits = kept == given
    if not np.all(fits):
        raise ValueError(
            f"setting {name!r} holds {given[~fits].flat[0]}, which {kept.dtype} cannot hold; "
            'jax.config.update("jax_enable_x64", True) gives 64 bits'
        )
    return kept
