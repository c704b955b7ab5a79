"""What a study's results are called: their dimensions, names and units, and what made them."""

import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any

import jax
import numpy as np
from jaxtyping import PyTree

from nnjax import checks
from nnjax.sweeps import devices


def ranks(fn: Callable, settings: Mapping[str, Any] | None) -> dict[str, int]:
    """Return how many axes each result of one run has, by the result's name, without running it."""
    dtypes = {name: np.asarray(values).dtype for name, values in (settings or {}).items()}
    given = {
        name: jax.ShapeDtypeStruct((), jax.dtypes.canonicalize_dtype(dtype)) for name, dtype in dtypes.items()
    }
    result = jax.eval_shape(lambda given: fn(jax.random.key(0), **given), given)
    return {name: leaf.ndim + _is_key(leaf) for name, leaf in _by_name(result).items()}


def check_dims(ranks: Mapping[str, int], taken: Sequence[str], dims: Mapping[str, Sequence[str]]) -> None:
    """Check the names for the results' own axes, before anything is computed.

    Raises:
        ValueError: A result is unknown, or its names are too many or too few, or are taken.
    """
    _refuse_unknown("dims", dims, ranks)
    for name, names in dims.items():
        if isinstance(names, str) or len(names) != ranks[name]:
            raise ValueError(f"dims {name!r} must be {ranks[name]} names, one per axis; got {names!r}")
        if twice := {each for each in names if [*taken, *names].count(each) > 1}:
            raise ValueError(f"dims {name!r} gives the name {', '.join(twice)} to two axes")


def _refuse_unknown(what: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{what} name {', '.join(unknown)}; the results are {', '.join(known)}")


def variables(
    results: Sequence[PyTree],
    choices: Mapping[str, Any],
    axes: Mapping[str, int],
    dims: Mapping[str, Sequence[str]],
    units: Mapping[str, str],
) -> dict[str, tuple]:
    """Join the combinations' results, as name -> (dimensions, values, attributes).

    Raises:
        ValueError: A unit belongs to no result, a result has the name of a dimension, or its shape depends on
            a choice.
    """
    named = [_by_name(result) for result in results]
    _refuse_unknown("units", units, named[0])
    sweep_rank = 1 if len(axes) == 1 else 2
    made: dict[str, tuple] = {}
    for name in named[0]:
        if name in axes or name in choices:
            raise ValueError(f"fn returns {name!r}, which is also the name of a choice or setting")
        leaves = [_plain(each[name]) for each in named if name in each]
        shapes = {leaf.shape for leaf in leaves} | ({None} if len(leaves) < len(named) else set())
        if len(shapes) > 1:
            raise ValueError(f"result {name!r} must have one shape for all choices, got {shapes}")
        own = leaves[0].shape[sweep_rank:]
        shape = (*(len(labels) for labels in choices.values()), *axes.values(), *own)
        inner = dims.get(name, tuple(f"{name}_{place}" for place in range(len(own))))
        values = np.stack(leaves).reshape(shape)
        made[name] = ((*choices, *axes, *inner), values, {"units": units.get(name, "1")})
    return made


def _by_name(result: PyTree) -> dict[str, Any]:
    leaves = jax.tree_util.tree_flatten_with_path(result)[0]
    return {_path_name(path): leaf for path, leaf in leaves}


def _path_name(path: Any) -> str:
    parts = [str(getattr(key, "key", getattr(key, "name", getattr(key, "idx", key)))) for key in path]
    name = "_".join(parts)
    return name if re.match(r"[^\W\d]", name) else "_".join(["result", *parts])


def _is_key(leaf: Any) -> bool:
    return bool(jax.numpy.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _plain(leaf: Any) -> np.ndarray:
    return np.asarray(jax.random.key_data(leaf) if _is_key(leaf) else leaf)


def facts(fn: Callable, identities: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return attributes that describe what made the data; workers provide their own descriptions."""
    versions = {name: metadata.version(name) for name in ("jax", "jaxlib", "numpy", "optax")}
    here = versions | {"device": devices.kind(), "XLA_FLAGS": devices.flags()}
    there = {name: [{**here, **identity}[name] for identity in identities] for name in here}
    return {
        "function": f"{getattr(fn, '__module__', '')}.{checks.named(fn)}".lstrip("."),
        "nnjax": _own_version(),
        "python": platform.python_version(),
        **{name: "; ".join(dict.fromkeys(map(_text, values))) for name, values in there.items()},
        "float64": str(bool(jax.config.read("jax_enable_x64"))),
    }


def _text(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else " ".join(value)


def _own_version() -> str:
    try:
        return metadata.version("nnjax")
    except metadata.PackageNotFoundError:  # nnjax runs from its folder and is not installed
        return "unknown"
