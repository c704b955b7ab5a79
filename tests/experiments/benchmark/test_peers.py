"""Every peer does the same training; the oracle is plain descent in float64, written out in NumPy."""

import dataclasses

import jax
import numpy as np
import pytest

import nnjax
from experiments.benchmark import peers, work
from experiments.benchmark.peers import PEERS

DATA = np.random.default_rng(0)
BATCHES = work.Work(
    nnjax.mlp((3, 4, 2)),
    DATA.random((6, 3), np.float32),
    DATA.random((6, 2), np.float32),
    rate=0.5,
    steps=6,
    seeds=3,
    batch_size=2,
)
WORKS = {
    "xor": work.xor((2, 2, 1), steps=20, seeds=3),
    "shared order": BATCHES,
    "an order per seed": dataclasses.replace(BATCHES, order_per_seed=True),
}


def losses(each):
    """Compute the losses by the chain rule, one seed after another."""
    rows, ends = each.rows(), []
    for index, seed in enumerate(each.seed_range()):
        layers = nnjax.init(each.network, nnjax.key(seed), "lecun_normal", "normal")
        (w, b), (v, c) = ((np.array(leaf, float) for leaf in layer) for layer in layers)

        def outputs(xs, w=w, b=b, v=v, c=c):
            hidden = 1 / (1 + np.exp(-(xs @ w + b)))
            return hidden, 1 / (1 + np.exp(-(hidden @ v + c)))

        for chosen in rows[:, index] if each.order_per_seed else rows:
            xs, ys = each.xs[chosen].astype(float), each.ys[chosen].astype(float)
            hidden, y_hats = outputs(xs, w, b, v, c)
            delta = 2 * (ys - y_hats) * y_hats * (1 - y_hats)
            delta_hidden = delta @ v.T * hidden * (1 - hidden)
            v, c = v + each.rate * hidden.T @ delta, c + each.rate * delta.sum(axis=0)
            w, b = w + each.rate * xs.T @ delta_hidden, b + each.rate * delta_hidden.sum(axis=0)
        ends.append(np.sum((each.ys - outputs(each.xs, w, b, v, c)[1]) ** 2))
    return ends


@pytest.mark.parametrize(
    "name",
    [
        name if peer.package == "numpy" else pytest.param(name, marks=pytest.mark.slow)  # they compile
        for name, peer in PEERS.items()
    ],
)
@pytest.mark.parametrize("kind", WORKS)
def test_a_peer_does_the_same_training(name, kind):
    peer = PEERS[name]
    if not peer.can_run():
        pytest.skip(f"{peer.package} is not installed, or there is no compiler")
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        np.testing.assert_allclose(peer.make(WORKS[kind])(), losses(WORKS[kind]), rtol=1e-4)


def test_what_a_peer_is_given():
    """Peers that loop over seeds train one seed; slow peers do fewer updates, except on the digits."""
    xor, digits = work.xor((2, 2, 1), steps=500, seeds=64), work.digits(1, small=False)
    given = {name: peer.limited(xor) for name, peer in PEERS.items()}
    assert {name: (each.seeds, each.steps) for name, each in given.items()} == {
        "nnjax, node by node": (64, 500),
        "nnjax, columns": (64, 500),
        "nnjax, C++": (64, 500),
        "nnjax, matrix": (64, 100),
        "plain JAX, jit(vmap(scan))": (64, 100),
        "Flax NNX + Optax, vmap": (64, 100),
        "NumPy, batched": (64, 30),
        "NumPy, loop": (1, 100),
        "PyTorch, batched by hand": (64, 50),
        "torch.func, vmap": (64, 50),
        "PyTorch, loop": (1, 200),
    }
    assert PEERS["NumPy, batched"].limited(digits).steps == digits.steps == 134
    assert PEERS["NumPy, loop"].limited(xor).first_seed == xor.first_seed


@pytest.mark.parametrize("sizes, rows", [((2, 2, 1), 4), ((64, 100, 10), 10), ((64, 30, 30, 10), 10)])
def test_a_view_runs_where_it_is_named_and_the_matrix_view_always(sizes, rows):
    data = np.zeros((rows, sizes[0]), np.float32), np.zeros((rows, sizes[-1]), np.float32)
    each = work.Work(nnjax.mlp(sizes), *data, rate=0.1, steps=1, seeds=1)
    view = nnjax.fastest_view(each.network, rows)
    names = {"nodes": "nnjax, node by node", "columns": "nnjax, columns", "matrix": "nnjax, matrix"}
    assert peers.named(each) == names[view]
    assert {name for name in names.values() if PEERS[name].runs(each)} == {names[view], "nnjax, matrix"}


def test_on_many_rows_only_plain_jax_is_a_peer():
    digits = work.digits(1, small=True)
    xs, ys = np.zeros((peers.MANY, 64), np.float32), np.zeros((peers.MANY, 10), np.float32)
    each = dataclasses.replace(digits, xs=xs, ys=ys)
    running = {name for name, peer in PEERS.items() if peer.runs(each)}
    assert peers.named(each) in running
    assert {name for name in running if not name.startswith("nnjax")} == {"plain JAX, jit(vmap(scan))"}


def test_what_is_not_installed_does_not_run(monkeypatch):
    monkeypatch.setattr(peers.compiling, "available", lambda: False)
    assert not PEERS["nnjax, C++"].runs(WORKS["xor"])
    each = dataclasses.replace(PEERS["NumPy, loop"], package="no_such_package")
    assert not each.runs(WORKS["xor"])
    assert PEERS["NumPy, loop"].runs(WORKS["xor"])
