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
from typing import Any

import numpy as np

Leaves = list[np.ndarray]


def open_folder(folder: str | os.PathLike, identity: Mapping[str, Any]) -> pathlib.Path:
    """Make the folder, or go on in one that holds the same sweep.

    Args:
        folder: Where the segments go.
        identity: What the results depend on, as JSON values.

    Raises:
        OSError: The folder cannot be written.
        ValueError: It holds another sweep; the message says what differs.
    """
    path = pathlib.Path(folder)
    described = path / "sweep.json"
    try:
        path.mkdir(parents=True, exist_ok=True)
        for left_over in path.glob(".*.unfinished"):
            left_over.unlink()
        if not described.exists():
            _write(described, lambda file: file.write(json.dumps(identity, indent=2).encode()))
    except OSError as error:
        raise _unwritable(path, error) from error
    _same(path, json.loads(described.read_text("utf-8")), identity)
    return path


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


def _hash(index: int, leaves: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256(f"segment {index}".encode())
    for leaf in leaves:
        digest.update(f"{leaf.dtype.name} {leaf.shape}".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()


def save(folder: pathlib.Path, index: int, leaves: Sequence[np.ndarray]) -> None:
    """Write one finished segment: entries leaf_0, leaf_1, ... and sha256.

    Raises:
        OSError: The folder cannot be written; segments written before stay.
    """
    arrays: dict[str, Any] = {f"leaf_{number}": leaf for number, leaf in enumerate(leaves)}
    arrays["sha256"] = np.array(_hash(index, leaves))
    try:
        _write(segment_path(folder, index), lambda file: np.savez(file, **arrays))
    except OSError as error:
        raise _unwritable(folder, error) from error


def load(folder: pathlib.Path, index: int, dtypes: Sequence[np.dtype]) -> Leaves | None:
    """One segment's arrays, None where it is not there yet.

    Raises:
        ValueError: The file is not what was written.
    """
    path = segment_path(folder, index)
    if not path.exists():
        return None
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            # NumPy stores types that it does not know, such as bfloat16, as plain bytes.
            leaves = [stored[f"leaf_{number}"].view(dtype) for number, dtype in enumerate(dtypes)]
            whole = str(stored["sha256"]) == _hash(index, leaves)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path) from error
    if not whole:
        raise _damaged(path)
    return leaves


def _damaged(path: pathlib.Path) -> ValueError:
    return ValueError(f"{path} is damaged; delete it, and the sweep computes it again")
