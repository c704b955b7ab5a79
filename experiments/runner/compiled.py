"""Compiled programs kept on disk, so that a second process reads what the first has compiled."""

import hashlib
import os
import pathlib

FOLDER = pathlib.Path(__file__).parents[2] / ".compiled"
SECONDS = 0.3
"""Programs that compile faster than this are not kept."""


def keep(folder: pathlib.Path = FOLDER) -> None:
    """Let JAX keep each kind of CPU's compiled programs in `folder`, unless a folder is already set.

    Processes started from this one use it, too. Call this before JAX computes anything.
    """
    # XLA logs an error for each program that it reads from disk: it mistakes its compiler's preferences for
    # features of the machine. TF_CPP_MIN_LOG_LEVEL=0 shows these errors and all others.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import jax

    from nnjax.sweeps import devices

    if getattr(jax.config, "jax_compilation_cache_dir", None) is not None:
        return
    model, vectors = devices.cpu()
    kind = hashlib.sha256(" ".join([jax.__version__, model, *vectors]).encode()).hexdigest()[:12]
    settings = {
        "compilation_cache_dir": str(folder / kind),
        "persistent_cache_min_compile_time_secs": SECONDS,
    }
    for name, value in settings.items():
        jax.config.update(f"jax_{name}", value)
        os.environ[f"JAX_{name.upper()}"] = str(value)
