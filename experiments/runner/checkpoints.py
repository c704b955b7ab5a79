"""The work that a long experiment has done so far, which is deleted once the result is stored."""

import contextlib
import dataclasses
import hashlib
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any, Self


@dataclasses.dataclass(frozen=True)
class Checkpoints:
    """Where the sweeps of one run keep their segments.

    Attributes:
        path: The run's folder; None if nothing is kept, since the run is so short that running it again
            costs less than keeping its sweeps.
    """

    path: pathlib.Path | None = None

    def folder(self, name: str) -> pathlib.Path | None:
        """Return the folder in which `nnjax.sweep` keeps the segments of the sweep called `name`."""
        if self.path is None:
            return None
        readable = re.sub(r"\W+", "-", name)[:40].strip("-")
        return self.path / f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

    def of_another(self, name: str) -> Self:
        """Return the checkpoints of another measurement within the same run."""
        return self if self.path is None else type(self)(self.path / name)

    def exist(self) -> bool:
        """Return whether anything is kept from a run with exactly these options."""
        return self.path is not None and self.path.exists()


@contextlib.contextmanager
def keeping(out: pathlib.Path, experiment: str, config: Any) -> Iterator[Checkpoints]:
    """Keep the sweeps of the block, so that a run with the same options can resume after a kill or Ctrl-C."""
    kept = of_run(out, experiment, config)
    yield kept
    if kept.path is not None:
        shutil.rmtree(kept.path, ignore_errors=True)
    with contextlib.suppress(OSError):  # runs with other options may have kept something, too
        _unfinished(out, experiment).rmdir()


def of_run(out: pathlib.Path, experiment: str, config: Any) -> Checkpoints:
    """Return where the sweeps of a run with these options are kept."""
    options = repr(sorted(dataclasses.asdict(config).items()))
    return Checkpoints(_unfinished(out, experiment) / hashlib.sha256(options.encode()).hexdigest()[:12])


def _unfinished(out: pathlib.Path, experiment: str) -> pathlib.Path:
    return out / f".{experiment}-unfinished"
