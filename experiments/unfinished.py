"""What a long experiment has done so far: kept while it runs, gone once its result is stored."""

import contextlib
import dataclasses
import hashlib
import pathlib
import re
import shutil
from collections.abc import Iterator
from typing import Any

_folder: pathlib.Path | None = None


def folder(name: str) -> pathlib.Path | None:
    """Where the sweep of that name keeps its segments, for `nnjax.sweep(..., folder=)`.

    None where nothing is kept: in runs so short that keeping costs more than running again.
    """
    if _folder is None:
        return None
    readable = re.sub(r"\W+", "-", name)[:40].strip("-")
    return _folder / f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def begun() -> bool:
    """Whether something is kept of this very run, its options and no others."""
    return _folder is not None and _folder.exists()


@contextlib.contextmanager
def kept(out: pathlib.Path, experiment: str, config: Any) -> Iterator[None]:
    """Keep the sweeps of the block; after a kill or Ctrl-C the same options go on from there."""
    global _folder
    options = repr(sorted(dataclasses.asdict(config).items()))
    whole = out / f".{experiment}-unfinished"
    _folder = whole / hashlib.sha256(options.encode()).hexdigest()[:12]
    try:
        yield
    finally:
        _folder = None
    shutil.rmtree(whole, ignore_errors=True)
