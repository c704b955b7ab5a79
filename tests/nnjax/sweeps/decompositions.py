"""Run sweeps of LAPACK calls on all cores, in a separate program that test_lapack.py kills if it hangs."""

import threading

import jax
import jax.numpy as jnp
import jax.scipy.linalg
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

import nnjax
from nnjax import minima

jax.config.update("jax_enable_x64", True)
SEEDS, LANE, ROUNDS = range(80), 40, 2


def matrix(key):
    return jax.random.normal(key, (24, 24))


def solutions(key):
    a = matrix(key)
    q, r = jnp.linalg.qr(a)
    positive = a @ a.T + jnp.eye(24)
    parts = [
        jnp.linalg.svd(a),
        jnp.linalg.eigh(positive),
        jnp.linalg.cholesky(positive),
        jnp.linalg.solve(a, a),
    ]
    return q, r, parts, jnp.linalg.slogdet(a), jnp.linalg.inv(a)


def exponentials(key):
    """Compute four independent matrix exponentials, in a program that hung even on one device."""
    return [jax.scipy.linalg.expm(matrix(key) * factor / 40) for factor in range(1, 5)]


def bowl(a):
    return jnp.sum(a**4) + jnp.sum(a * jnp.roll(a, 1))


def certificate(key):
    return minima.certify(
        lambda a: jnp.sum(a**4) + jnp.sum(a * jnp.roll(a, 1)), jax.random.normal(key, (24,))
    )


def orthogonal(*sizes):
    network = nnjax.mlp(sizes)
    return lambda key: nnjax.init(network, key, "orthogonal")


FUNCTIONS = [orthogonal(20, 20), orthogonal(64, 30, 10), solutions, exponentials, certificate]


def swept(fn):
    for _ in range(ROUNDS):
        nnjax.sweep(fn, SEEDS, lane=LANE)


def until_rest():
    """Run `sweep_until` with decompositions in both `init` and `step`."""
    nnjax.sweep_until(
        lambda key: {"a": jnp.linalg.qr(matrix(key))[0], "count": jnp.int32(0)},
        lambda state: {"a": jnp.linalg.qr(state["a"].T)[0], "count": state["count"] + 1},
        lambda state: state["count"] >= 3,
        SEEDS,
        check_every=1,
        lane=LANE,
    )


def spread(*fns):
    """Run nnjax's functions in a user's own program, under jit and vmap, with seeds spread over devices."""
    seeds = NamedSharding(Mesh(np.array(jax.devices()), ("seed",)), PartitionSpec("seed"))
    together = jax.jit(
        jax.vmap(lambda seed: [fn(jax.random.key(seed)) for fn in fns]),
        in_shardings=seeds,
        out_shardings=seeds,
    )
    for _ in range(10):
        jax.block_until_ready(together(jnp.arange(LANE)))


def main():
    nnjax.use_all_cores()  # as in the README; JAX has computed nothing yet
    spread(certificate, orthogonal(20, 20), orthogonal(64, 30, 10))
    print("spread", flush=True)
    for fn in FUNCTIONS:
        swept(fn)
        print("alone", flush=True)
    until_rest()
    threads = [threading.Thread(target=swept, args=(fn,)) for fn in FUNCTIONS[2:4]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("ended", flush=True)


if __name__ == "__main__":
    main()
