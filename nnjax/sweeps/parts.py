"""More seeds or settings in a sweep's folder: existing rows are read, and new ones form a part of their own.

The folder of a sweep records which rows it has (in `rows.npz`, next to `sweep.json`). When other rows of the
same function are asked for, the folder gets subfolders `more-...` of the same form, one for each set of new
rows. A row's bits do not depend on its neighbours, so it does not matter in which part it was computed.
"""

import hashlib
import json
import os
import pathlib
import time
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nnjax.sweeps import segments

Columns = Mapping[str, np.ndarray]
"""The rows, as in `inputs.Inputs`: each name is mapped to its values, one per row."""


def track(
    results: Sequence[np.ndarray],
    size: int,
    folder: str | os.PathLike | None,
    identity: Mapping[str, Any],
    columns: Columns,
) -> "segments.Tracker | More":
    """Read the folder's rows into `results`, arrays (rows, ...), and return a tracker for the others.

    Raises:
        OSError, ValueError: As in `segments.open_folder` and `segments.Tracker`.
    """
    if folder is None:
        return segments.Tracker(results, size, None)
    path = pathlib.Path(folder)
    if os.fspath(folder) and _has_other_rows(path, identity):
        return More(results, size, path, identity, columns)
    try:
        opened = _opened(path if os.fspath(folder) else folder, identity, columns)
    except ValueError:
        if not os.fspath(folder) or not _just_begun(path, identity):
            raise
        return More(results, size, path, identity, columns)
    return segments.Tracker(results, size, opened)


def begun(folder: str | os.PathLike, here: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the bits in a folder depend on if they are of the same function, on any kind of device.

    Args:
        folder: The folder.
        here: What the bits would depend on in this process.
    """
    stored = _described(pathlib.Path(folder))
    alike = ("function", "constants", "lane", "jax", "jaxlib")
    if stored is None or not set(here) <= set(stored) or any(stored[name] != here[name] for name in alike):
        return None
    return {name: stored[name] for name in here}


def _described(path: pathlib.Path) -> dict[str, Any] | None:
    try:
        stored = json.loads((path / "sweep.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return stored if isinstance(stored, dict) else None


def _has_other_rows(path: pathlib.Path, identity: Mapping[str, Any]) -> bool:
    """Check whether the folder holds the same sweep of other rows, and lists these rows."""
    return _asks_for_other_rows(path, identity) and _rows_of(path) is not None


def _just_begun(path: pathlib.Path, identity: Mapping[str, Any]) -> bool:
    """Wait until another process, which has begun the folder with other rows, records those rows."""
    for _ in range(50):
        if _has_other_rows(path, identity):
            return True
        if not _asks_for_other_rows(path, identity) or any(path.glob("segment-*.npz")):
            return False
        time.sleep(0.1)
    return False


def _opened(path: str | os.PathLike, identity: Mapping[str, Any], columns: Columns) -> segments.Folder:
    opened = segments.open_folder(path, identity)
    segments.write_rows(opened.path, columns)
    return opened


def _asks_for_other_rows(path: pathlib.Path, identity: Mapping[str, Any]) -> bool:
    """Check whether the folder holds the same sweep of other rows."""
    stored = _described(path)
    if stored is None or stored == dict(identity) or set(stored) != set(identity):
        return False
    return all(stored[name] == value for name, value in identity.items() if not _of_rows(name))


def _of_rows(name: str) -> bool:
    return name == "seed" or name.startswith("setting ")


def _rows_of(path: pathlib.Path) -> dict[str, np.ndarray] | None:
    """Return the rows of a folder, or None if its file is missing or incomplete."""
    try:
        with open(path / "rows.npz", "rb") as file, np.load(file, allow_pickle=False) as stored:
            names = stored["names"].tolist()
            return {name: stored[f"column_{place}"] for place, name in enumerate(names)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _keys(columns: Columns) -> np.ndarray:
    """Join each row's values into one item that can be compared, (rows,)."""
    bits = [
        np.ascontiguousarray(column).view(np.uint8).reshape(len(column), -1) for column in columns.values()
    ]
    joined = np.ascontiguousarray(np.concatenate(bits, axis=1))
    return joined.view(np.dtype((np.void, joined.shape[1])))[:, 0]


class _Part(NamedTuple):
    """One of a sweep's folders.

    Attributes:
        asked: The requested rows that belong to the folder.
        inside: The places of these rows in the folder.
        arrays: All results of the folder.
        tracker: Tracks which of the folder's results are finished.
    """

    asked: np.ndarray
    inside: np.ndarray
    arrays: list[np.ndarray]
    tracker: segments.Tracker


class More:
    """Tracks rows, some of which are in a folder, some in its parts, and the rest in a new part.

    Attributes:
        missing: Which of the requested rows are not finished yet, (rows,).
    """

    def __init__(
        self,
        results: Sequence[np.ndarray],
        size: int,
        path: pathlib.Path,
        identity: Mapping[str, Any],
        columns: Columns,
    ) -> None:
        """Read the rows of the folder and its parts into `results`.

        Raises:
            OSError, ValueError: As in `segments.open_folder` and `segments.Tracker`.
        """
        self._results, self._path, self._parts = results, path, []
        self.missing = np.ones(len(results[0]), bool)
        wanted = {key: [] for key in _keys(columns).tolist()}
        for row, key in enumerate(_keys(columns).tolist()):
            wanted[key].append(row)
        for folder in (path, *sorted(path.glob("more-*"))):
            rows = _rows_of(folder)
            if rows is not None and list(rows) == list(columns):
                self._open(folder, size, identity, rows, wanted)
        if wanted:
            first = sorted(rows[0] for rows in wanted.values())
            new = {name: column[first] for name, column in columns.items()}
            digest = hashlib.sha256(_keys(new).tobytes()).hexdigest()[:16]
            self._open(path / f"more-{digest}", size, identity, new, wanted)

    def _open(
        self, folder: pathlib.Path, size: int, identity: Mapping[str, Any], rows: Columns, wanted: dict
    ) -> None:
        """Remove from the wanted rows those that this folder has or will get."""
        places = {key: place for place, key in enumerate(_keys(rows).tolist()) if key in wanted}
        if not places:
            return
        pairs = [(row, place) for key, place in places.items() for row in wanted.pop(key)]
        asked, inside = np.array(pairs).T
        own = dict(identity) | {
            _name(name): segments.digest(column.tobytes()) for name, column in rows.items()
        }
        arrays = [np.empty((len(rows["seed"]), *array.shape[1:]), array.dtype) for array in self._results]
        tracker = segments.Tracker(arrays, size, _opened(folder, own, rows))
        there = ~tracker.missing[inside]
        for result, array in zip(self._results, arrays, strict=True):
            result[asked[there]] = array[inside[there]]
        self.missing[asked[there]] = False
        self._parts.append(_Part(asked, inside, arrays, tracker))

    def add(self, rows: np.ndarray, leaves: Sequence[np.ndarray]) -> None:
        """Keep the results of these rows (r,), given as arrays (r, ...), in the parts that they belong to.

        Raises:
            OSError, RuntimeError: As in `segments.Tracker.add`.
        """
        for result, leaf in zip(self._results, leaves, strict=True):
            result[rows] = leaf
        self.missing[rows] = False
        for part in self._parts:
            inside = np.full(len(self.missing), -1)
            inside[part.asked] = part.inside
            mine = inside[rows] >= 0
            if mine.any():
                part.tracker.add(inside[rows][mine], [leaf[mine] for leaf in leaves])

    def __str__(self) -> str:
        return f"finished segments kept in {self._path}: call sweep again to continue"


def _name(column: str) -> str:
    return column if column == "seed" else f"setting {column}"
