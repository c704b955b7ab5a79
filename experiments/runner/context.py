"""What a run receives besides its options: where to keep sweeps, how to show progress, and when to stop."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

import numpy as np

import nnjax
from experiments.runner.checkpoints import Checkpoints
from experiments.runner.progress import Progress

T = TypeVar("T")
Settings = Mapping[str, np.ndarray] | None


class Context:
    """The context in which one run takes place; `Context()` shows no progress and keeps no sweeps.

    Attributes:
        progress: Progress bars for the parts and the sweeps.
        checkpoints: Where finished segments of sweeps are kept.
        workers: The workers that compute the sweeps; None means that this process computes them.
    """

    def __init__(
        self,
        progress: Progress | None = None,
        checkpoints: Checkpoints | None = None,
        workers: nnjax.Workers | None = None,
    ) -> None:
        self.progress = progress or Progress()
        self.checkpoints = checkpoints or Checkpoints()
        self.workers = workers
        self._ending = threading.Event()
        self._pools = 0

    def report(self, done: int, total: int) -> None:
        """Show that `done` of the experiment's `total` parts are finished."""
        self.progress.report(done, total)

    def sweep(
        self,
        name: str,
        fn: Callable[..., Any],
        seeds: np.ndarray,
        settings: Settings = None,
        *,
        lane: int | None = None,
    ) -> Any:
        """Run `nnjax.sweep` under a name that is unique within the experiment."""
        with self._watched(name, settings) as options:
            return nnjax.sweep(fn, seeds, settings, lane=lane, **options)

    def sweep_until(
        self,
        name: str,
        init: Callable[..., Any],
        step: Callable[[Any], Any],
        done: Callable[[Any], Any],
        seeds: np.ndarray,
        settings: Settings = None,
        **options: Any,
    ) -> nnjax.Ended:
        """Run `nnjax.sweep_until` under a name that is unique within the experiment."""
        with self._watched(name, settings) as watched:
            return nnjax.sweep_until(init, step, done, seeds, settings, **watched, **options)

    @contextlib.contextmanager
    def _watched(self, name: str, settings: Settings) -> Iterator[dict[str, Any]]:
        count = 1 if settings is None else len(next(iter(settings.values())))
        with self.progress.sweep(name, count) as show:

            def on_segment(done: int, total: int) -> None:
                show(done, total)
                self.check()

            folder = self.checkpoints.folder(name)
            yield {"folder": folder, "on_segment": on_segment, "executor": self.workers}

    @contextlib.contextmanager
    def pool(self, workers: int) -> Iterator[ThreadPoolExecutor]:
        """Run parts side by side; if one part fails or Ctrl-C is pressed, the other parts soon end, too.

        Only the main thread may open a pool; it may open a second pool inside the first.
        """
        self._pools += 1
        try:
            with ThreadPoolExecutor(workers) as executor:
                try:
                    yield executor
                except BaseException:
                    self._ending.set()
                    self.progress.stopping()
                    executor.shutdown(cancel_futures=True)
                    raise
        finally:
            self._pools -= 1
            if not self._pools:
                self._ending.clear()

    def two_at_a_time(self, parts: Sequence[Callable[[], T]]) -> list[T]:
        """Compute the parts, show how many are done, and return their results in the order of the parts.

        While one part compiles, on a single core, another one keeps the other core busy. Long parts come
        first. Parts must not share a program: two threads that need it at once both compile it.
        """
        with self.pool(2) as pool:
            waiting = [pool.submit(part) for part in parts]
            for done, finished in enumerate(as_completed(waiting), start=1):
                finished.result()  # raises the part's error, if any, which ends the others
                self.report(done, len(parts))
            return [each.result() for each in waiting]

    def groups(self, parts: Sequence[Callable[[], Mapping[str, T]]]) -> dict[str, T]:
        """Compute parts that return groups of data by name, two at a time, and return all the groups."""
        return {name: group for part in self.two_at_a_time(parts) for name, group in part.items()}

    def check(self) -> None:
        """Raise an error if the run is being ended; sweeps call this method from time to time.

        Raises:
            KeyboardInterrupt: The run is being ended.
        """
        if self._ending.is_set():
            raise KeyboardInterrupt
