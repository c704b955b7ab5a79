"""Measure which view is the fastest on this machine; `nnjax.fastest_view` judges only by sizes and rows."""

import functools
import itertools
import statistics
import time
from collections.abc import Callable, Sequence

from jaxtyping import PyTree

from nnjax import checks
from nnjax.native import LAYOUTS
from nnjax.sweeps import sweep
from nnjax.views import VIEWS


def time_views(
    fn: Callable[..., PyTree], seeds: int = 256, *, views: Sequence[str] = tuple(VIEWS), seconds: float = 0.5
) -> dict[str, float]:
    """Measure the seconds per run of `fn` within a sweep, for each view; the fastest view comes first.

    The views take turns until the time is up, and each is measured at least once after it has been compiled.
    The median for each view is returned. Nothing is saved.

        def train(key, view):
            params = nnjax.init(network, key)
            return nnjax.train(network, params, xs, ys, optimizer=optax.sgd(0.1), epochs=1, view=view)[0]

        times = nnjax.time_views(train)
        fastest = next(iter(times))

    Args:
        fn: A pure function (key, view) -> a pytree of arrays, which passes `view` on to `nnjax.train`. A few
            epochs are enough, since all updates of a run take equally long.
        seeds: The number of runs in a sweep. If your sweep will have only a few runs, pass their number.
        views: The names of the views, to which "native" can be added. Leave out "nodes" for large networks,
            for which it takes minutes to compile.
        seconds: How long to measure in total, not counting compilation.

    Raises:
        TypeError, ValueError: If seeds is not a positive integer, seconds is not a number, views is a single
            string, a view is unknown, or no view is named; also, whatever `nnjax.sweep` raises.
    """
    seeds = checks.count("seeds", seeds)
    checks.number("seconds", seconds)
    if isinstance(views, str):
        raise TypeError(f"views must be a list of names, such as [{views!r}]; got {views!r}")
    if not views:
        raise ValueError(f"views must name at least one of {', '.join(VIEWS)}; got {views!r}")
    for view in views:
        checks.lookup("view", view, LAYOUTS)
    runs = {view: functools.partial(fn, view=view) for view in views}
    for run in runs.values():
        sweep(run, range(seeds))
    taken: dict[str, list[float]] = {view: [] for view in views}
    end = time.perf_counter() + seconds
    for view in itertools.cycle(views):
        start = time.perf_counter()
        if start > end and all(taken.values()):
            break
        sweep(runs[view], range(seeds))
        taken[view].append((time.perf_counter() - start) / seeds)
    medians = {view: statistics.median(times) for view, times in taken.items()}
    return dict(sorted(medians.items(), key=lambda item: item[1]))
