"""Kill processes that share a sweep's folder, with kill -9 at random moments, and start them again.

Every second kill hits a process that is writing.

python kill.py FOLDER PROCESSES KILLS writes files next to FOLDER: undisturbed.npy comes from a process
without a folder, and 0.npy, 1.npy, ... come from the processes that shared FOLDER. Processes are forked, so
that JAX is imported only once.
"""

import io
import os
import pathlib
import random
import signal
import sys
import time
import traceback

import jax
import numpy as np

import nnjax
from nnjax import sweeps

SEGMENTS = 66


def chaotic(key):
    start = jax.random.normal(key, (3,))
    return jax.lax.fori_loop(0, 20_000, lambda i, x: jax.numpy.sin(3 * x) * 2, start)


def in_two_halves(file, savez=np.savez, **arrays):
    """Write slowly, so that many kills leave a half-written file."""
    content = io.BytesIO()
    savez(content, **arrays)
    file.write(content.getvalue()[:200])
    file.flush()
    time.sleep(0.01)
    file.write(content.getvalue()[200:])


def start(folder, out):
    process = os.fork()
    if process:
        return process
    try:
        jax.config.update("jax_num_cpu_devices", 2)
        sweeps.SEGMENT_CALLS, np.savez = 2, in_two_halves
        np.save(out, nnjax.sweep(chaotic, range(2 * SEGMENTS), lane=1, folder=folder))
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def writing(folder, processes):
    """Wait until one of the processes has written half a file, and return that process."""
    while True:
        for path in folder.glob(".*.unfinished"):
            process = int(path.name.split(".")[-3])
            if process in processes:
                return process
        time.sleep(0.001)


def ended(process):
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main(folder, processes, kills):
    rng = random.Random(0)
    assert ended(start(None, folder.parent / "undisturbed.npy")) == 0
    outs = {start(folder, out): out for out in (folder.parent / f"{n}.npy" for n in range(processes))}
    for kill in range(1, kills + 1):
        while len(list(folder.glob("segment-*"))) < kill * SEGMENTS // (kills + 2):
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        victim = rng.choice(list(outs)) if kill % 2 else writing(folder, outs)
        os.kill(victim, signal.SIGKILL)
        assert ended(victim) == -signal.SIGKILL, "it had ended before"
        out = outs.pop(victim)
        outs[start(folder, out)] = out
    assert [ended(process) for process in outs] == [0] * processes


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
