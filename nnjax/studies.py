"""Studies: sweeps over seeds, settings and choices, returned as one labelled data set."""

import functools
import itertools
import os
import pathlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import ArrayLike, PyTree

from nnjax import checks, labelled, sweeps
from nnjax.sweeps import inputs

Static = Mapping[str, Sequence[Any] | Mapping[str, Any]]


class Grid(dict[str, np.ndarray]):
    """Settings that consist of all combinations of several lists, in the form that `nnjax.sweep` takes.

    Attributes:
        axes: The values of each setting, by its name.
    """

    def __init__(self, axes: Mapping[str, np.ndarray]) -> None:
        self.axes = dict(axes)
        product = np.meshgrid(*self.axes.values(), indexing="ij")
        super().__init__(zip(self.axes, map(np.ravel, product), strict=True))


def grid(**axes: ArrayLike | Sequence[float] | Sequence[int]) -> Grid:
    """Make all combinations of lists of numbers, for the settings of `nnjax.sweep` and `nnjax.study`.

    >>> import nnjax
    >>> {name: values.tolist() for name, values in nnjax.grid(rate=[0.1, 0.3], scale=[1.0, 2.0]).items()}
    {'rate': [0.1, 0.1, 0.3, 0.3], 'scale': [1.0, 2.0, 1.0, 2.0]}

    Raises:
        TypeError: If a list does not hold numbers.
        ValueError: If there are no lists, or one is empty or is not a list.
    """
    values = {name: np.asarray(checks.numbers(f"grid {name!r}", axis)) for name, axis in axes.items()}
    if not values:
        raise ValueError("grid needs at least one list, as in nnjax.grid(rate=[0.1, 0.3])")
    for name, axis in values.items():
        if axis.ndim != 1 or axis.size == 0:
            raise ValueError(f"grid {name!r} must be a list of at least one number, got shape {axis.shape}")
    return Grid(values)


def study(
    fn: Callable[..., PyTree],
    seeds: Sequence[int] | ArrayLike,
    static: Static | None = None,
    settings: Mapping[str, Any] | None = None,
    *,
    folder: str | os.PathLike | None = None,
    lane: int | None = None,
    on_segment: Callable[[int, int], Any] | None = None,
    executor: Any = None,
    dims: Mapping[str, Sequence[str]] | None = None,
    units: Mapping[str, str] | None = None,
) -> Any:
    """Return fn(key(s), **choices, **setting) for all seeds, choices and settings as an xarray Dataset.

    Settings are numbers; all settings share one compilation. Choices are anything else that fn takes by name
    (names of initialisers and activations, optimisers, batch sizes, networks); each combination of choices is
    a separate sweep, which is compiled once.

    Args:
        fn: As in `nnjax.sweep`: a pure function that takes a key, the choices and the settings, and returns a
            pytree of arrays.
        seeds: As in `nnjax.sweep`.
        static: The choices, as in {"weights": ["he_normal", "glorot_normal"]}, or with your own labels, as in
            {"optimizer": {"sgd": optax.sgd, "adam": optax.adam}}. All combinations are computed.
        settings: As in `nnjax.sweep`; or an `nnjax.grid`, in which case each of its lists becomes a
            dimension.
        folder: Where results are kept, in one subfolder for each combination. If you later ask for more
            seeds, settings or choices, only what is missing is computed and added.
        lane: As in `nnjax.sweep`.
        on_segment: A function that is called with (runs done, runs in all), counted over all combinations,
            such as `nnjax.progress()`.
        executor: As in `nnjax.sweep`.
        dims: Names for the axes that results have of their own, as in {"curve": ("epoch",)}.
        units: The units of results, by name. The default is "1", for a plain number.

    Returns:
        A Dataset. Its dimensions are the names in `static`, then "seed", then the names in the grid (or
        "setting" for plain lists). Variables are named after the keys or fields of fn's result; a bare array
        is called "result". The attributes of the Dataset name the function, the versions and the device that
        made the data.

    Raises:
        ImportError: If xarray is not installed; the message names the extra.
        TypeError: As in `nnjax.sweep`; also if a choice cannot be hashed.
        ValueError: As in `nnjax.sweep`; also if a name is given twice, choices have equal labels, `dims` do
            not fit the results, or the shape of a result depends on a choice.
        OSError, RuntimeError, TimeoutError: As in `nnjax.sweep`.
    """
    xarray = checks.needed("xarray", "nnjax.study", "xarray")
    checks.functions(fn=fn)
    if on_segment is not None:
        checks.functions(on_segment=on_segment)
    each = inputs.read(seeds, settings).count
    choices = _choices(static or {})
    _refuse_names_twice(choices, settings)
    axes = _axes(seeds, settings)
    runs = list(_combinations(fn, choices))
    if dims:
        labelled.check_dims(labelled.ranks(runs[0].fn, settings), (*choices, *axes), dims)
    tell = None if on_segment is None else _Tell(on_segment, len(runs))
    results = []
    for place, run in enumerate(runs):
        told = tell and functools.partial(tell, place)
        where = None if folder is None else pathlib.Path(folder, run.folder)
        options = {"lane": lane, "folder": where, "on_segment": told, "executor": executor}
        results.append(sweeps.identified(run.fn, seeds, settings, **options))
        if tell:
            tell(place, each, each)
    trees, identities = zip(*results, strict=True)
    variables = labelled.variables(trees, choices, axes, dims or {}, units or {})
    return xarray.Dataset(variables, _coordinates(choices, seeds, settings), labelled.facts(fn, identities))


class _Run(NamedTuple):
    """One combination: the function with its choices filled in, and the name of its folder."""

    fn: Callable[..., PyTree]
    folder: str


def _choices(static: Static) -> dict[str, dict[Any, Any]]:
    """Return the choices for each name, as label -> value."""
    if not isinstance(static, Mapping):
        raise TypeError(f"static must be a mapping of names to choices, got {type(static).__name__}")
    choices = {}
    for name, values in static.items():
        if isinstance(values, str) or not hasattr(values, "__len__") or len(values) == 0:
            raise ValueError(
                f"static {name!r} must be a list of choices, or labels and choices; got {values!r}"
            )
        pairs = list(values.items() if isinstance(values, Mapping) else ((_label(v), v) for v in values))
        if len(dict(pairs)) < len(pairs):
            labels = ", ".join(str(label) for label, _ in pairs)
            raise ValueError(f"static {name!r} has equal labels ({labels}); give labels: {{'one': ..., ...}}")
        for label, value in pairs:
            try:
                hash(value)
            except TypeError as error:
                raise TypeError(f"static {name!r}, {label}: must be hashable ({error})") from None
        choices[name] = dict(pairs)
    return choices


def _label(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return value if isinstance(value, str | int | float) else str(checks.named(value))


def _refuse_names_twice(choices: Mapping[str, Any], settings: Mapping[str, Any] | None) -> None:
    taken = {"seed", "key", "setting", *(settings or {})}
    for name in choices:
        if name in taken:
            raise ValueError(f"static {name!r} has the name of a setting, or a reserved name")


def _combinations(fn: Callable, choices: Mapping[str, Mapping[Any, Any]]) -> Iterator[_Run]:
    for labels in itertools.product(*choices.values()):
        picked = tuple((name, choices[name][label]) for name, label in zip(choices, labels, strict=True))
        parts = [f"{name}={label}" for name, label in zip(choices, labels, strict=True)]
        folder = "".join(re.sub(r"[^\w.=+-]", "_", part) + "," for part in parts).rstrip(",")
        # 1, 1.0 and True are equal, and so are 0.0 and -0.0.
        yield _Run(_with(fn, picked, repr(picked)) if picked else fn, folder)


@functools.lru_cache(maxsize=256)
def _with(fn: Callable, picked: tuple[tuple[str, Any], ...], written: str) -> Callable:
    """Fill in the choices; the same choices give the same object, which sweeps then recognise."""
    return functools.partial(fn, **dict(picked))


class _Tell:
    """Count runs over all combinations, also over those that were stored; say nothing twice."""

    def __init__(self, on_segment: Callable[[int, int], Any], count: int) -> None:
        self.on_segment, self.count, self.last = on_segment, count, (0, 0)

    def __call__(self, place: int, done: int, total: int) -> None:
        now = (place * total + done, self.count * total)
        if now != self.last:
            self.last = now
            self.on_segment(*now)


def _axes(seeds: Any, settings: Mapping[str, Any] | None) -> dict[str, int]:
    """Return the dimensions of a sweep's results, and their lengths."""
    axes = {"seed": len(np.asarray(seeds))}
    if isinstance(settings, Grid):
        return axes | {name: len(values) for name, values in settings.axes.items()}
    return axes if settings is None else axes | {"setting": len(next(iter(settings.values())))}


def _coordinates(
    choices: Mapping[str, Mapping[Any, Any]], seeds: Any, settings: Mapping[str, Any] | None
) -> dict[str, Any]:
    unit = {"units": "1"}
    made: dict[str, Any] = {name: (name, _alike(labels)) for name, labels in choices.items()}
    made["seed"] = ("seed", np.asarray(seeds).astype(np.int64), unit)
    if isinstance(settings, Grid):
        return made | {name: (name, values, unit) for name, values in settings.axes.items()}
    given = settings or {}
    return made | {name: ("setting", np.asarray(values), unit) for name, values in given.items()}


def _alike(labels: Any) -> list[Any]:
    return list(labels) if len({isinstance(label, str) for label in labels}) == 1 else list(map(str, labels))
