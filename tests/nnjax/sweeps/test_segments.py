"""An interrupted sweep resumes with the same bits; damaged files and files of another sweep are refused."""

import concurrent.futures
import errno
import json
import os
import pathlib
import platform
import subprocess
import sys

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax
from nnjax import sweeps
from nnjax.sweeps import segments

HERE = pathlib.Path(__file__).parent
SEEDS = np.random.default_rng(0).permutation(100)
LEAVES = [np.arange(4), np.ones((4, 2), jnp.bfloat16)]
OTHER_BITS = [np.arange(4) + 1, LEAVES[1]]


def chaotic(key):
    start = jax.random.normal(key, (3,))
    return jax.lax.fori_loop(0, 100, lambda _, x: jnp.sin(3 * x) * 2, start)


def swept(**options):
    return nnjax.sweep(chaotic, SEEDS, lane=16, **options)


@pytest.fixture(autouse=True)
def four_segments(monkeypatch):
    monkeypatch.setattr(sweeps, "SEGMENT_CALLS", 2)


@pytest.fixture
def folder(tmp_path):
    return segments.Folder(tmp_path, "this")


def same(got, expected):
    chex.assert_trees_all_equal(got, expected, strict=True)


def read(folder, index=0, like=LEAVES):
    into = [np.empty_like(leaf) for leaf in like]
    return into if segments.load(folder, index, into) else None


@pytest.mark.parametrize("damage", ["bit", "cut", "empty", "other"])
def test_damaged_segments_are_refused(tmp_path, damage):
    swept(folder=tmp_path)
    path = segments.segment_path(tmp_path, 0)
    content = bytearray(path.read_bytes())
    if damage == "bit":
        content[len(content) // 2] ^= 1
    path.write_bytes({"cut": content[:-100], "empty": b"", "other": b"PK" * 50}.get(damage, content))
    with pytest.raises(ValueError, match=r"segment-00000.npz is damaged; delete it"):
        swept(folder=tmp_path)


def test_exchanged_segments_are_refused(tmp_path, folder):
    segments.save(folder, 0, LEAVES)
    same(read(folder), LEAVES)
    assert read(folder, 1) is None
    shorter = [np.empty((3, *leaf.shape[1:]), leaf.dtype) for leaf in LEAVES]
    for where, like in ((segments.Folder(tmp_path, "another sweep"), LEAVES), (folder, shorter)):
        with pytest.raises(ValueError, match="damaged"):
            read(where, 0, like)
    segments.segment_path(tmp_path, 0).rename(segments.segment_path(tmp_path, 1))
    with pytest.raises(ValueError, match="damaged"):
        read(folder, 1)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_folder_whose_description_is_damaged(tmp_path, content):
    swept(folder=tmp_path)
    (tmp_path / "sweep.json").write_text(content)
    with pytest.raises(ValueError, match=r"sweep.json is damaged; delete the folder"):
        swept(folder=tmp_path)


def test_a_folder_that_does_not_say_of_what_it_is(tmp_path):
    swept(folder=tmp_path)
    (tmp_path / "sweep.json").unlink()
    with pytest.raises(ValueError, match=r"no sweep.json"):
        swept(folder=tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"file/folder cannot be written"):
        swept(folder=tmp_path / "file" / "folder")


def test_a_full_disk_keeps_what_is_there(tmp_path, monkeypatch):
    whole, save = swept(), np.savez

    def full(file, **arrays):
        if len(list(tmp_path.glob("segment-*"))) == 2:
            file.write(b"PK")
            raise OSError(errno.ENOSPC, "No space left on device")
        save(file, **arrays)

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(
        OSError, match=r"cannot be written \(No space left on device\); finished segments stay"
    ):
        swept(folder=tmp_path)
    assert not list(tmp_path.glob(".*"))
    monkeypatch.setattr(np, "savez", save)
    assert len(list(tmp_path.glob("segment-*"))) == 2
    same(swept(folder=tmp_path), whole)


# Several processes that share one folder.


def test_a_segment_is_whole_once_it_has_its_name(folder, monkeypatch):
    seen = []

    def watched(file, savez=np.savez, **arrays):
        savez(file, **arrays)
        seen.append((read(folder), pathlib.Path(file.name).name))

    monkeypatch.setattr(np, "savez", watched)
    segments.save(folder, 0, LEAVES)
    segments.save(folder, 1, LEAVES)
    assert seen[0][0] is None
    assert seen[0][1] != seen[1][1]
    for index, (_, name) in enumerate(seen):
        assert name.startswith(f".segment-0000{index}.npz.{platform.node()}.{os.getpid()}.")


@pytest.fixture(params=["links", "no links"])
def links(request, monkeypatch):
    """File systems without hard links, such as exFAT, must work too."""

    def refused(*paths):
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refused)


def test_the_first_whole_segment_stays(folder, links):
    segments.save(folder, 0, LEAVES)
    path = segments.segment_path(folder.path, 0)
    first = path.stat()
    segments.save(folder, 0, LEAVES)
    assert path.stat().st_ino == first.st_ino
    with pytest.raises(RuntimeError, match=r"segment-00000.npz: another process has written different bits"):
        segments.save(folder, 0, OTHER_BITS)
    assert path.stat().st_ino == first.st_ino
    same(read(folder), LEAVES)
    assert not list(folder.path.glob(".*"))


def test_a_second_segment_is_compared_with_a_whole_one(folder):
    segments.segment_path(folder.path, 0).write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"segment-00000.npz is damaged"):
        segments.save(folder, 0, LEAVES)


def test_of_many_writers_at_once_one_wins(folder):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(segments.save, folder, 0, [np.full(4, n)]) for n in range(8)]
        lost = [writer.exception() for writer in writers]
    assert lost.count(None) == 1
    assert all(isinstance(error, RuntimeError) for error in lost if error is not None)
    read_back = read(folder, 0, [np.arange(4)])
    assert read_back is not None
    assert read_back[0].tolist() == [lost.index(None)] * 4


@pytest.mark.parametrize("planted", [False, True])
def test_a_sweep_compares_with_what_others_finished_meanwhile(tmp_path, monkeypatch, planted):
    whole = swept(folder=tmp_path)
    identity = (tmp_path / "sweep.json").read_bytes()
    if planted:
        segments.segment_path(tmp_path, 1).unlink()
        opened = segments.open_folder(tmp_path, json.loads(identity))
        segments.save(opened, 1, [np.nextafter(whole[32:64], 0)])
    monkeypatch.setattr(segments, "load", lambda *arguments: False)  # no segment is found at the start
    if planted:
        with pytest.raises(RuntimeError, match=r"segment-00001.npz: another process has written"):
            swept(folder=tmp_path)
    else:
        same(swept(folder=tmp_path), whole)
    assert (tmp_path / "sweep.json").read_bytes() == identity


@pytest.mark.parametrize("same_sweep", [True, False])
def test_another_process_describes_the_folder_first(tmp_path, monkeypatch, same_sweep):
    identity, link = {"function": "1"}, os.link

    def late(temporary, path):
        path.write_text(json.dumps(identity if same_sweep else {"function": "2"}))
        link(temporary, path)

    monkeypatch.setattr(os, "link", late)
    if same_sweep:
        assert segments.open_folder(tmp_path, identity).path == tmp_path
    else:
        with pytest.raises(ValueError, match=r"holds another sweep \(function: another function"):
            segments.open_folder(tmp_path, identity)


def test_unfinished_files_stay_for_a_day(tmp_path):
    whole = swept(folder=tmp_path)
    left = [tmp_path / f".segment-0000{n}.npz.elsewhere.{n}.abc.unfinished" for n in range(3)]
    for path, hours in zip(left, (0, 23, 25), strict=True):
        path.write_bytes(b"PK")
        changed = path.stat().st_mtime - 3600 * hours
        os.utime(path, (changed, changed))
    same(swept(folder=tmp_path), whole)
    assert [path.exists() for path in left] == [True, True, False]


def kill(folder, processes, kills):
    """Return the undisturbed results, and the results of the processes that `kill.py` disturbed."""
    command = [sys.executable, HERE / "kill.py", folder, str(processes), str(kills)]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(HERE.parents[2])})
    outs = [np.load(folder.parent / f"{n}.npy") for n in range(processes)]
    return np.load(folder.parent / "undisturbed.npy"), outs


@pytest.mark.kill
@pytest.mark.parametrize("processes, kills", [(1, 4), (4, 20)])
def test_killed_at_random_moments_it_goes_on_with_the_same_bits(tmp_path, processes, kills):
    folder = tmp_path / "folder"
    undisturbed, outs = kill(folder, processes, kills)
    for out in outs:
        same(out, undisturbed)
    assert json.loads((folder / "sweep.json").read_text())["lane"] == 1
    half_written = list(folder.glob(".*.unfinished"))
    assert kills // 10 <= len(half_written) <= kills
    known = {folder / "sweep.json", folder / "rows.npz"}
    assert set(folder.iterdir()) == known.union(folder.glob("segment-*"), half_written)
