"""A sweep on disk: finished parts, each one file, written whole and checked when it is read again.

A folder holds `sweep.json`, which says what is being computed, and `segment-00000.npz`, ... with the
arrays and a hash of them. Nothing is pickled; NumPy reads the files without nnjax.
"""

import hashlib
import json
import os
import pathlib
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class Folder(NamedTuple):
    """Where segments lie.

    Attributes:
        path: The folder.
        identity: Digest of what the results depend on; it goes into every segment's hash.
    """

    path: pathlib.Path
    identity: str


def open_folder(folder: str | os.PathLike, identity: Mapping[str, Any]) -> Folder:
    """Make the folder, or go on in one that holds the same sweep.

    Args:
        folder: Where the segments go.
        identity: What the results depend on, as JSON values.

    Raises:
        OSError: The folder cannot be written.
        ValueError: It holds another sweep (the message says what differs), or no readable sweep.json.
    """
    if not os.fspath(folder):
        raise ValueError("folder must be a path, got ''")
    path = pathlib.Path(folder)
    described = path / "sweep.json"
    try:
        path.mkdir(parents=True, exist_ok=True)
        for left_over in path.glob(".*.unfinished"):
            left_over.unlink()
        if not described.exists():
            if any(path.glob("segment-*.npz")):
                raise ValueError(
                    f"folder {path} has segments and no sweep.json to say of what; choose another"
                )
            _write(described, lambda file: file.write(json.dumps(identity, indent=2).encode()))
    except OSError as error:
        raise _unwritable(path, error) from error
    _same(path, _described(described), identity)
    return Folder(path, hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest())


def _described(path: pathlib.Path) -> dict[str, Any]:
    try:
        stored = json.loads(path.read_text("utf-8"))
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise ValueError(f"{path} is damaged; delete the folder, and the sweep begins anew")
    return stored


def _same(path: pathlib.Path, stored: Mapping[str, Any], identity: Mapping[str, Any]) -> None:
    differing = [name for name in identity if stored.get(name) != identity[name]]
    if differing:
        changes = "; ".join(
            f"{name}: {stored.get(name)!r} there, {identity[name]!r} now" for name in differing
        )
        raise ValueError(f"folder {path} holds another sweep ({changes}); choose another folder or delete it")


def _unwritable(path: pathlib.Path, error: OSError) -> OSError:
    return OSError(error.errno, f"folder {path} cannot be written ({error.strerror}); finished segments stay")


def _write(path: pathlib.Path, fill: Callable[[Any], Any]) -> None:
    """Under a temporary name first, so that a killed process leaves no half file under the real one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    with open(temporary, "wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    if os.name == "posix":
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def segment_path(folder: pathlib.Path, index: int) -> pathlib.Path:
    """The file of segment `index`."""
    return folder / f"segment-{index:05d}.npz"


def _hash(identity: str, index: int, leaves: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256(f"{identity} segment {index}".encode())
    for leaf in leaves:
        digest.update(f"{leaf.dtype.name} {leaf.shape}".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def save(folder: Folder, index: int, leaves: Sequence[np.ndarray]) -> None:
    """Write one finished segment: entries leaf_0, leaf_1, ... and sha256.

    Raises:
        OSError: The folder cannot be written; segments written before stay.
    """
    arrays: dict[str, Any] = {f"leaf_{number}": leaf for number, leaf in enumerate(leaves)}
    arrays["sha256"] = np.array(_hash(folder.identity, index, leaves))
    try:
        _write(segment_path(folder.path, index), lambda file: np.savez(file, **arrays))
    except OSError as error:
        raise _unwritable(folder.path, error) from error


def load(folder: Folder, index: int, into: Sequence[np.ndarray]) -> bool:
    """Fill the arrays `into` with one segment; False where it is not there yet.

    Raises:
        ValueError: The file is not what was written there for this sweep.
    """
    path = segment_path(folder.path, index)
    if not path.exists():
        return False
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            # NumPy stores types that it does not know, such as bfloat16, as plain bytes.
            leaves = [stored[f"leaf_{number}"].view(target.dtype) for number, target in enumerate(into)]
            whole = str(stored["sha256"]) == _hash(folder.identity, index, leaves)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path) from error
    if not whole or [leaf.shape for leaf in leaves] != [target.shape for target in into]:
        raise _damaged(path)
    for target, leaf in zip(into, leaves, strict=True):
        target[...] = leaf
    return True


def _damaged(path: pathlib.Path) -> ValueError:
    return ValueError(f"{path} is damaged; delete it, and the sweep computes it again")


class Kept:
    """Which rows of a sweep's results are there, and which segments of them lie in a folder.

    Attributes:
        missing: Which rows are not there yet, (rows,).
    """

    def __init__(self, results: Sequence[np.ndarray], segment: int, folder: Folder | None) -> None:
        """Read what `folder` has into `results`, arrays (rows, ...) cut into segments of so many rows.

        Raises:
            ValueError: A segment is damaged.
        """
        self._results, self._segment, self._folder = results, segment, folder
        self.missing = np.ones(len(results[0]), bool)
        if folder is not None:
            for index in range(-(-len(self.missing) // segment)):
                self.missing[self._rows(index)] = not load(folder, index, self._part(index))

    def _rows(self, index: int) -> slice:
        return slice(index * self._segment, (index + 1) * self._segment)

    def _part(self, index: int) -> list[np.ndarray]:
        return [leaf[self._rows(index)] for leaf in self._results]

    def add(self, rows: np.ndarray) -> None:
        """These rows (r,) are there now; writes the segments that they complete.

        Raises:
            OSError: The folder cannot be written; segments written before stay.
        """
        self.missing[rows] = False
        if self._folder is None:
            return
        for index in np.unique(rows // self._segment).tolist():
            if not self.missing[self._rows(index)].any():
                save(self._folder, index, self._part(index))

    def __str__(self) -> str:
        if self._folder is None:
            return "lost: folder= would have kept them"
        return f"finished segments kept in {self._folder.path}: call sweep again to go on"
