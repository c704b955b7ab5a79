"""Compiled programs kept on disk, so that a second process reads what the first has compiled."""

import hashlib
import os
import pathlib

FOLDER = pathlib.Path(__file__).parents[2] / ".compiled"
SECONDS = 0.3
"""Programs that take fewer seconds than this to compile are not kept."""


def keep(folder: pathlib.Path = FOLDER) -> None:
    """Let JAX keep compiled programs in `folder`, unless JAX already has a folder for them.

    Each kind of CPU has its own subfolder. Processes started by this one use the folder, too. Call this
    function before JAX computes anything.
    """
    # XLA logs an error for each program that it reads from disk, because it mistakes its compiler's
    # preferences for features of the machine. TF_CPP_MIN_LOG_LEVEL=0 shows these errors and all others.
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
