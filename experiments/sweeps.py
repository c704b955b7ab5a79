"""The experiments' sweeps: each has a name, under which it is shown while it runs, and kept if it is long."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

import nnjax
from experiments import progress, threads, unfinished

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
    with _watched(name, settings) as options:
        return nnjax.sweep(fn, seeds, settings, lane=lane, **options)


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
    with _watched(name, settings) as own:
        return nnjax.sweep_until(init, step, done, seeds, settings, **own, **options)


@contextlib.contextmanager
def _watched(name: str, settings: Settings) -> Iterator[dict[str, Any]]:
    """Where it is kept, and what is called from time to time."""
    with progress.sweep(name, 1 if settings is None else len(next(iter(settings.values())))) as show:

        def on_segment(done: int, total: int) -> None:
            show(done, total)
            threads.check()

        yield {"folder": unfinished.folder(name), "on_segment": on_segment}
