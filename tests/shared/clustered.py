"""A sweep on a Dask cluster, for a test to kill: python clustered.py ADDRESS FOLDER."""

import sys

import jax

import nnjax
from nnjax import sweeps

SEEDS, LANE = range(160), 2


def chaotic(key):
    """Take a few hundredths of a second for a lane, and amplify a difference in any bit."""
    start = jax.random.normal(key, (3,), jax.numpy.float32)
    return jax.lax.fori_loop(0, 60_000, lambda _, x: jax.numpy.sin(3 * x) * 2, start)


if __name__ == "__main__":
    import distributed

    jax.config.update("jax_enable_x64", True)
    sweeps.SEGMENT_CALLS = 1
    with distributed.Client(sys.argv[1]) as client:
        nnjax.sweep(chaotic, SEEDS, lane=LANE, folder=sys.argv[2], executor=client.get_executor())
