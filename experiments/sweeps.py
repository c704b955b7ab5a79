"""The experiments' sweeps: each has a name, under which it is shown while it runs, and kept if it is long."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import nnjax
from experiments import progress, unfinished

Settings = Mapping[str, np.ndarray] | None


def sweep(
    name: str,
    fn: Callable[..., Any],
    seeds: np.ndarray,
    settings: Settings = None,
    *,
    lane: int | None = None,
) -> Any:
    """`nnjax.sweep` under a name that no other sweep of the experiment has."""
    with progress.sweep(name, _count(settings)) as on_segment:
        kept = unfinished.folder(name)
        return nnjax.sweep(fn, seeds, settings, lane=lane, folder=kept, on_segment=on_segment)


def sweep_until(
    name: str,
    init: Callable[..., Any],
    step: Callable[[Any], Any],
    done: Callable[[Any], Any],
    seeds: np.ndarray,
    settings: Settings = None,
    **options: Any,
) -> nnjax.Ended:
    """`nnjax.sweep_until` under a name that no other sweep of the experiment has."""
    with progress.sweep(name, _count(settings)) as on_segment:
        kept = {"folder": unfinished.folder(name), "on_segment": on_segment}
        return nnjax.sweep_until(init, step, done, seeds, settings, **kept, **options)


def _count(settings: Settings) -> int:
    return 1 if settings is None else len(next(iter(settings.values())))
