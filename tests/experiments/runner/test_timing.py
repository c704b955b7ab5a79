"""The time that a run takes, and its longest compilation."""

import jax
import jax.numpy as jnp

from experiments.runner import timing


def test_the_longest_compilation_is_told():
    def run():
        return jax.jit(lambda x: jnp.sin(x) + 0.123)(1.0)

    (_, first), (_, none) = timing.timed(run), timing.timed(lambda: None)
    assert 0 < first.longest_compilation < first.wall_time
    assert none.longest_compilation == 0 < none.wall_time
