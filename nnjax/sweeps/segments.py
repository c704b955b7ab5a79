"""A sweep on disk: each finished segment is in a file that is written as a whole and checked when read.

A folder holds `sweep.json`, which describes the sweep, `rows.npz` with the seeds and settings, and
`segment-00000.npz`, ... with the arrays and their hash. Nothing is pickled; NumPy reads the files without
nnjax.

Several processes, on one machine or on several, may share a folder. Each process writes under its own
temporary name, and a file appears only when it is complete. The first file of a segment is kept, and later
ones are compared with it.
"""

import contextlib
import errno
import hashlib
import json
import os
import pathlib
import platform
import secrets
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

ABANDONED = 24 * 3600
"""The age in seconds from which an unfinished file counts as left behind by a killed process."""
WORDS = {
    "function": "another function, or one with other numbers or shapes in it",
    "constants": "the function closes over other data",
    "seed": "other seeds, and the folder does not say which ones it was made with",
}
"""What a difference in each digest means."""
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""The errors of file systems that do not support hard links."""


class Folder(NamedTuple):
    """The folder of a sweep's segments.

    Attributes:
        path: The folder.
        identity: A digest of what the results depend on; it is part of every segment's hash.
    """

    path: pathlib.Path
    identity: str


def open_folder(folder: str | os.PathLike, identity: Mapping[str, Any]) -> Folder:
    """Make the folder, or continue in one that holds the same sweep.

    Args:
        folder: Where the segments go.
        identity: What the results depend on, as JSON values.

    Raises:
        OSError: If the folder cannot be written.
        ValueError: If the folder holds another sweep (the message says what differs) or no readable
            sweep.json.
    """
    path = _path(folder)
    description = path / "sweep.json"
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path)
        # Look for segments first: another process may write the description and a segment in the meantime.
        has_segments = any(path.glob("segment-*.npz"))
        if not description.exists():
            if has_segments:
                raise ValueError(
                    f"folder {path} has segments but no sweep.json to describe them; use another folder"
                )
            _write_first(description, lambda file: file.write(json.dumps(identity, indent=2).encode()))
    _check_description(description, identity)
    return Folder(path, hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest())


def try_folder(folder: str | os.PathLike) -> None:
    """Make the folder and try writing to it, before workers compute anything for it.

    Raises:
        OSError, ValueError: If the folder is not a path, or cannot be written.
    """
    path = _path(folder)
    with _writing(path):
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"0")


def _path(folder: str | os.PathLike) -> pathlib.Path:
    if not os.fspath(folder):
        raise ValueError("folder must be a path, got ''")
    return pathlib.Path(folder)


def _check_description(path: pathlib.Path, identity: Mapping[str, Any]) -> None:
    try:
        stored = json.loads(path.read_text("utf-8"))
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        raise ValueError(f"{path} is damaged; delete the folder to start over")
    changes = [
        f"{name}: {_difference(name, stored.get(name), now)}"
        for name, now in identity.items()
        if stored.get(name) != now
    ]
    if changes:
        what = "; ".join(changes)
        raise ValueError(
            f"folder {path.parent} holds another sweep ({what}); choose another folder or delete it"
        )


def _difference(name: str, there: Any, now: Any) -> str:
    """Say what differs, in words if the values are digests."""
    if there is None:
        return "not there, but here"
    if name.startswith("setting "):
        return "other values, and the folder does not say which ones it was made with"
    return WORDS.get(name, f"{there!r} there, {now!r} now")


@contextlib.contextmanager
def _writing(path: pathlib.Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"folder {path} cannot be written ({error.strerror}); finished segments stay"
        raise OSError(error.errno, message) from error


def _remove_abandoned(folder: pathlib.Path) -> None:
    """Delete unfinished files that are a day old; younger ones may belong to another process."""
    unfinished = list(folder.glob(".*.unfinished"))
    if not unfinished:
        return
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=folder) as file:
        now = os.fstat(file.fileno()).st_mtime  # the clock of the disk, which is the same for all machines
        for path in unfinished:
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > ABANDONED:
                    path.unlink()


def _write_first(path: pathlib.Path, fill: Callable[[Any], Any]) -> bool:
    """Write a file that appears only when complete; if the file already exists, keep it and return False."""
    writer = f"{platform.node()[:64]}.{os.getpid()}.{secrets.token_hex(8)}"
    temporary = path.with_name(f".{path.name}.{writer}.unfinished")
    try:
        with open(temporary, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        return _publish(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _publish(temporary: pathlib.Path, path: pathlib.Path) -> bool:
    """Give a written file its name unless the name is taken; a link, unlike a rename, replaces no file."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # Without links, two processes may both find the name free; no harm is done, as both files are
        # complete.
        if path.exists():
            return False
        os.replace(temporary, path)
    if os.name == "posix":
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    return True


def digest(*contents: bytes) -> str:
    """Hash contents to 16 hexadecimal digits."""
    whole = hashlib.sha256()
    for content in contents:
        whole.update(content)
    return whole.hexdigest()[:16]


def write_rows(folder: pathlib.Path, columns: Mapping[str, np.ndarray]) -> None:
    """Keep the rows of a sweep, name -> (rows,), in its folder, unless they are already there.

    Raises:
        OSError: If the folder cannot be written.
    """
    path = folder / "rows.npz"
    if path.exists():
        return
    arrays: dict[str, Any] = {
        f"column_{place}": _plain(column) for place, column in enumerate(columns.values())
    }
    with _writing(folder):
        _write_first(path, lambda file: np.savez(file, names=np.array(list(columns)), **arrays))


def segment_path(folder: pathlib.Path, index: int) -> pathlib.Path:
    """Return the path of segment `index`."""
    return folder / f"segment-{index:05d}.npz"


def _hash(identity: str, index: int, leaves: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256(f"{identity} segment {index}".encode())
    for leaf in leaves:
        digest.update(f"{leaf.dtype.name} {leaf.shape}".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def _plain(leaf: np.ndarray) -> np.ndarray:
    """View an array as bytes if NumPy lacks its type; NumPy writes float8_e5m2, but cannot read it back."""
    return leaf if leaf.dtype.isbuiltin == 1 else leaf.view(np.dtype((np.void, leaf.dtype.itemsize)))


def save(folder: Folder, index: int, leaves: Sequence[np.ndarray]) -> None:
    """Write one finished segment, with the entries leaf_0, leaf_1, ... and sha256.

    The first file is kept; a second one, which must have the same bits, is dropped.

    Raises:
        OSError: If the folder cannot be written; earlier segments are kept.
        RuntimeError: If another process has written this segment with different bits, which must not happen.
        ValueError: If the existing file is damaged.
    """
    path, sha256 = segment_path(folder.path, index), _hash(folder.identity, index, leaves)
    arrays: dict[str, Any] = {f"leaf_{number}": _plain(leaf) for number, leaf in enumerate(leaves)}
    arrays["sha256"] = np.array(sha256)
    with _writing(folder.path):
        is_first = _write_first(path, lambda file: np.savez(file, **arrays))
    if not is_first and _hash(folder.identity, index, _read(folder, index, leaves)) != sha256:
        raise RuntimeError(
            f"{path}: another process has written different bits for these seeds, and its file is kept. "
            "Either fn reads more than its arguments, or a machine is faulty; "
            "no result in this folder is certain"
        )


def load(folder: Folder, index: int, into: Sequence[np.ndarray]) -> bool:
    """Fill the arrays `into` with one segment; return False if it is not there yet.

    Raises:
        ValueError: If the file does not hold what was written for this sweep.
    """
    if not segment_path(folder.path, index).exists():
        return False
    for target, leaf in zip(into, _read(folder, index, into), strict=True):
        target[...] = leaf
    return True


def _read(folder: Folder, index: int, like: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Read one segment's arrays, which must have the shapes and dtypes of `like`."""
    path = segment_path(folder.path, index)
    damaged = ValueError(f"{path} is damaged; delete it, and the sweep will compute it again")
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            leaves = [stored[f"leaf_{number}"].view(leaf.dtype) for number, leaf in enumerate(like)]
            whole = str(stored["sha256"]) == _hash(folder.identity, index, leaves)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise damaged from error
    if not whole or [leaf.shape for leaf in leaves] != [leaf.shape for leaf in like]:
        raise damaged
    return leaves


class Tracker:
    """Tracks which rows are finished, and writes each segment once all of its rows are finished.

    Attributes:
        missing: Which rows are not finished yet, (rows,).
    """

    def __init__(self, results: Sequence[np.ndarray], size: int, folder: Folder | None) -> None:
        """Read the folder's rows into `results`, arrays (rows, ...) cut into segments of `size` rows.

        Raises:
            ValueError: If a segment is damaged.
        """
        self._results, self._size, self._folder = results, size, folder
        self.missing = np.ones(len(results[0]), bool)
        if folder is not None:
            for index in range(-(-len(self.missing) // size)):
                self.missing[self._rows(index)] = not load(folder, index, self._part(index))

    def _rows(self, index: int) -> slice:
        return slice(index * self._size, (index + 1) * self._size)

    def _part(self, index: int) -> list[np.ndarray]:
        return [array[self._rows(index)] for array in self._results]

    def add(self, rows: np.ndarray, leaves: Sequence[np.ndarray]) -> None:
        """Keep the results of these rows (r,), given as arrays (r, ...); write each completed segment.

        Raises:
            OSError: If the folder cannot be written; earlier segments are kept.
            RuntimeError: If another process has written one of these segments with different bits.
        """
        for array, leaf in zip(self._results, leaves, strict=True):
            array[rows] = leaf
        self.missing[rows] = False
        if self._folder is None:
            return
        for index in np.unique(rows // self._size).tolist():
            if not self.missing[self._rows(index)].any():
                save(self._folder, index, self._part(index))

    def __str__(self) -> str:
        if self._folder is None:
            return "lost: folder= would have kept them"
        return f"finished segments kept in {self._folder.path}: call sweep again to continue"
