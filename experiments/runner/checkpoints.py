"""What a long experiment has done so far: kept while it runs, gone once its result is stored."""

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
        path: The run's folder; None where nothing is kept, in runs so short that keeping costs more than
            running again.
    """

    path: pathlib.Path | None = None

    def folder(self, name: str) -> pathlib.Path | None:
        """Where the sweep of that name keeps its segments, for `nnjax.sweep(..., folder=)`."""
        if self.path is None:
            return None
        readable = re.sub(r"\W+", "-", name)[:40].strip("-")
        return self.path / f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"

    def of_another(self, name: str) -> Self:
        """Where another measurement within the same run keeps its own."""
        return self if self.path is None else type(self)(self.path / name)

    def exist(self) -> bool:
        """Whether something is kept of this very run, its options and no others."""
        return self.path is not None and self.path.exists()


@contextlib.contextmanager
def keeping(out: pathlib.Path, experiment: str, config: Any) -> Iterator[Checkpoints]:
    """Keep the sweeps of the block; after a kill or Ctrl-C the same options resume from there."""
    options = repr(sorted(dataclasses.asdict(config).items()))
    whole = out / f".{experiment}-unfinished"
    yield Checkpoints(whole / hashlib.sha256(options.encode()).hexdigest()[:12])
    shutil.rmtree(whole, ignore_errors=True)
