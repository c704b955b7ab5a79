"""A second process reads the programs that the first one has compiled."""

import os
import pathlib
import subprocess
import sys

import jax
import pytest

from experiments.runner import compiled

CODE = """
import sys, pathlib
from experiments.runner import compiled
compiled.SECONDS = 0
compiled.keep(pathlib.Path(sys.argv[1]))
import jax
hits = []
jax.monitoring.register_event_listener(lambda name, **_: hits.append(name.endswith("cache_hits")))
print(jax.jit(lambda x: jax.numpy.sin(x) ** 3)(2.0), sum(hits), jax.config.jax_compilation_cache_dir)
"""


def run(folder, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "TF_"))}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=clean | environment,
    )
    assert "E1" not in done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_a_second_process_reads_it(tmp_path):
    (first, none, folder), (second, hits, same) = run(tmp_path), run(tmp_path)
    assert first == second
    assert int(none) == 0 < int(hits)
    assert folder == same
    assert pathlib.Path(folder).parent == tmp_path


def test_a_place_of_the_users_own_is_left(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    mine = str(tmp_path / "mine")
    before = jax.config.values["jax_compilation_cache_dir"]
    try:
        jax.config.update("jax_compilation_cache_dir", mine)
        compiled.keep(tmp_path / "other")
        assert jax.config.values["jax_compilation_cache_dir"] == mine
    finally:
        jax.config.update("jax_compilation_cache_dir", before)
    assert not (tmp_path / "other").exists()


def test_the_folder_is_the_projects_own_and_ignored():
    root = pathlib.Path(__file__).parents[3]
    assert root / ".compiled" == compiled.FOLDER
    assert ".compiled/" in (root / ".gitignore").read_text().split()
