"""A run keeps its sweeps in its own folder, which is deleted once the result is stored."""

import tiny

from experiments.runner.checkpoints import Checkpoints, keeping


def test_nothing_is_kept_without_a_folder():
    assert Checkpoints().folder("numbers") is None
    assert not Checkpoints().exist()


def test_every_name_has_a_folder_of_its_own(tmp_path):
    kept = Checkpoints(tmp_path)
    folders = [kept.folder(name) for name in ("σ = 1", "σ = 2", "x" * 50, "x" * 51)]
    assert len(set(folders)) == 4
    assert kept.folder("σ = 1") == folders[0]


def test_options_decide_the_folder_and_success_removes_it(tmp_path):
    with keeping(tmp_path, "tiny", tiny.Config(seed=1)) as first:
        made(first)
    assert not list(tmp_path.iterdir())
    again, other = stopped(tmp_path, tiny.Config(seed=1)), stopped(tmp_path, tiny.Config(seed=2))
    assert again == first
    assert again.exist()
    assert other.exist()
    assert other != again


def test_a_run_that_ends_leaves_what_runs_with_other_options_keep(tmp_path):
    other = stopped(tmp_path, tiny.Config(seed=2))
    with keeping(tmp_path, "tiny", tiny.Config(seed=1)) as kept:
        made(kept)
    assert (kept.exist(), other.exist()) == (False, True)


def made(kept):
    """Make the folder of sweep "a"."""
    folder = kept.folder("a")
    assert folder is not None
    folder.mkdir(parents=True)


def stopped(out, config):
    """Return what is kept when Ctrl-C ends a run."""
    try:
        with keeping(out, "tiny", config) as kept:
            made(kept)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        return kept
