"""Parts of an experiment side by side: Ctrl-C, or a part that fails, soon ends the others too."""

import contextlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from experiments import progress

_open: list[int] = []
_ending = threading.Event()


@contextlib.contextmanager
def pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    """An executor that, when its block is left by an exception, begins nothing more and ends its sweeps.

    Only the main thread opens one, and it may open another within.
    """
    outermost = not _open
    _open.append(workers)
    try:
        with ThreadPoolExecutor(workers) as executor:
            try:
                yield executor
            except BaseException:
                _ending.set()
                progress.stopping()
                executor.shutdown(cancel_futures=True)
                raise
    finally:
        _open.pop()
        if outermost:
            _ending.clear()


def check() -> None:
    """What sweeps call from time to time.

    Raises:
        KeyboardInterrupt: The experiment ends.
    """
    if _ending.is_set():
        raise KeyboardInterrupt
