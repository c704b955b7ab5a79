"""What a long experiment has done so far: kept while it runs, gone once its result is stored."""

import contextlib
import dataclasses
import hashlib
import pathlib
import shutil
from collections.abc import Iterator
from typing import Any

_folder: pathlib.Path | None = None


def folder(name: str) -> pathlib.Path | None:
    """Where the sweep of that name keeps its segments, for `nnjax.sweep(..., folder=)`.

    None where nothing is kept: in runs so short that keeping costs more than running again.
    """
    return None if _folder is None else _folder / name


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
