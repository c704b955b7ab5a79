"""The same training written in other ways, against which `benchmark` measures nnjax.

Each peer takes a `Work` and returns a function that trains it once and returns each seed's final loss.
All peers start from the same parameters and train on the same rows in the same order.
"""

import dataclasses
import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

import nnjax
from experiments.benchmark.torch_peers import torch_by_hand, torch_func, torch_loop
from experiments.benchmark.work import Job, Work, sigmoid, stacked_loss
from nnjax.native import compiling


def final_loss(view: str, work: Work) -> Callable[[Any], jax.Array]:
    """Write the work as a pure function of a key, as a research script would."""

    def train(key: Any) -> jax.Array:
        _, history = nnjax.train(
            work.network,
            work.init(key),
            work.xs,
            work.ys,
            optimizer=optax.sgd(work.rate),
            epochs=work.epochs,
            batch_size=work.batch_size,
            key=work.order_key(key),
            view=view,
        )
        return history.loss

    return train


def nnjax_sweep(view: str, work: Work) -> Job:
    """Run `nnjax.sweep` over `nnjax.train`."""
    train = final_loss(view, work)
    return lambda: nnjax.sweep(train, work.seed_range())


def _plain_loss(params: Any, xs: Any, ys: Any) -> Any:
    a = xs
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        a = jax.nn.sigmoid(a @ weights + biases)
    return jnp.sum((ys - a) ** 2)


def _batch(work: Work, xs: Any, ys: Any, chosen: Any) -> tuple[Any, Any]:
    return (xs, ys) if work.batch_size is None else (xs[chosen], ys[chosen])


def _spread(work: Work) -> list[Any]:
    """Put the initial parameters on the devices, with the seeds spread over all of them."""
    devices = np.array(jax.local_devices())
    if work.seeds % len(devices):
        return [jnp.asarray(leaf) for leaf in work.starts()]
    spread = NamedSharding(Mesh(devices, ("seeds",), axis_types=(AxisType.Auto,)), PartitionSpec("seeds"))
    return [jax.device_put(leaf, spread) for leaf in work.starts()]


def plain_jax(work: Work) -> Job:
    """Train with jit(vmap(scan)) and jax.grad, on all devices, which is what a JAX user writes first."""
    optimizer, rows = optax.sgd(work.rate), jnp.asarray(work.rows())
    xs, ys = jnp.asarray(work.xs), jnp.asarray(work.ys)

    def final_loss(params: Any, order: Any) -> Any:
        def step(carry: Any, chosen: Any) -> Any:
            params, state = carry
            grads = jax.grad(_plain_loss)(params, *_batch(work, xs, ys, chosen))
            updates, state = optimizer.update(grads, state)
            return (optax.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), order)
        return _plain_loss(params, xs, ys)

    program = jax.jit(jax.vmap(final_loss, in_axes=(0, 1 if work.order_per_seed else None)))
    starts = _spread(work)
    return lambda: np.asarray(program(starts, rows))


def flax_nnx(work: Work) -> Job:
    """Train with Flax NNX and Optax: models are split into graph and state, and vmap runs over the states."""
    from flax import nnx

    class Model(nnx.Module):
        def __init__(self, rngs: Any) -> None:
            sizes = zip(work.network.sizes[:-1], work.network.sizes[1:], strict=True)
            self.layers = nnx.List([nnx.Linear(i, o, rngs=rngs) for i, o in sizes])

        def __call__(self, x: Any) -> Any:
            for layer in self.layers:
                x = nnx.sigmoid(layer(x))
            return x

    graph, empty = nnx.split(Model(nnx.Rngs(0)))
    structure = jax.tree.structure(empty)  # a layer's bias comes before its kernel
    optimizer, rows = optax.sgd(work.rate), jnp.asarray(work.rows())
    xs, ys = jnp.asarray(work.xs), jnp.asarray(work.ys)

    def loss(state: Any, rows_xs: Any, rows_ys: Any) -> Any:
        return jnp.sum((rows_ys - nnx.merge(graph, state)(rows_xs)) ** 2)

    def final_loss(leaves: list[Any], order: Any) -> Any:
        def step(carry: Any, chosen: Any) -> Any:
            state, memory = carry
            updates, memory = optimizer.update(jax.grad(loss)(state, *_batch(work, xs, ys, chosen)), memory)
            return (optax.apply_updates(state, updates), memory), None

        ordered = [leaf for pair in zip(leaves[1::2], leaves[::2], strict=True) for leaf in pair]
        state = jax.tree.unflatten(structure, ordered)
        (state, _), _ = jax.lax.scan(step, (state, optimizer.init(state)), order)
        return loss(state, xs, ys)

    program = jax.jit(jax.vmap(final_loss, in_axes=(0, 1 if work.order_per_seed else None)))
    starts = _spread(work)
    return lambda: np.asarray(program(starts, rows))


def _numpy_step(params: list[np.ndarray], xs: np.ndarray, ys: np.ndarray, rate: float) -> None:
    """Update all seeds once, in place: params (s, i, j) and (s, 1, j), xs (n, i) or (s, n, i)."""
    activations = [xs]
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        activations.append(sigmoid(activations[-1] @ weights + biases))
    blame = 2 * (ys - activations[-1])
    for layer in reversed(range(len(params) // 2)):
        a = activations[layer + 1]
        delta = blame * a * (1 - a)
        blame = delta @ np.swapaxes(params[2 * layer], -1, -2)
        params[2 * layer] += rate * (np.swapaxes(activations[layer], -1, -2) @ delta)
        params[2 * layer + 1] += rate * delta.sum(axis=-2, keepdims=True)


def batched_numpy(work: Work) -> Job:
    """Train with NumPy, where the seeds are the first axis of every array."""
    starts, rows = work.stacked_starts(), work.rows()

    def job() -> np.ndarray:
        params = [leaf.copy() for leaf in starts]
        for chosen in rows:
            _numpy_step(params, work.xs[chosen], work.ys[chosen], work.rate)
        return stacked_loss(params, work.xs, work.ys)

    return job


def numpy_loop(work: Work) -> Job:
    """Train with NumPy, one seed and one row at a time, as in Nielsen's network.py."""
    starts, rows = work.stacked_starts(), work.rows()

    def train(seed: int) -> np.ndarray:
        params = [leaf[seed].copy() for leaf in starts]
        for chosen in rows[:, seed] if work.order_per_seed else rows:
            before = [leaf.copy() for leaf in params]
            for n in chosen:
                moved = [leaf.copy() for leaf in before]
                _numpy_step(moved, work.xs[n : n + 1], work.ys[n : n + 1], work.rate)
                for leaf, new, old in zip(params, moved, before, strict=True):
                    leaf += new - old
        return stacked_loss(params, work.xs, work.ys)

    return lambda: np.array([train(seed) for seed in range(work.seeds)])


MATRIX = "nnjax, matrix"
NATIVE = "nnjax, C++"
FLOOR = "C, one vector element per seed"
MANY = 10_000
"""As many rows as take slow peers minutes."""
FEW = 100
"""Maximum number of updates for methods that would take minutes; speeds are compared per seed and update."""


@dataclasses.dataclass(frozen=True)
class Peer:
    """One way to write the training.

    Attributes:
        make: Makes the peer's job for a `Work`.
        package: The package that the peer needs.
        loop: Whether the peer trains seeds one after the other; if so, only one seed is trained. Every other
            peer trains all seeds, since its speed depends on how many seeds there are.
        most_steps: The largest number of updates on full batches; None for all.
        view: A view of nnjax that is measured only if `fastest_view` picks it.
        compiler: Whether the peer needs a C++ compiler.
        many_rows: Whether the peer is also measured on `MANY` rows or more.
    """

    make: Callable[[Work], Job]
    package: str
    loop: bool = False
    most_steps: int | None = None
    view: str | None = None
    compiler: bool = False
    many_rows: bool = False

    def limited(self, work: Work) -> Work:
        """Return the part of the work that this peer does."""
        steps = work.steps if work.batch_size else min(work.steps, self.most_steps or work.steps)
        return dataclasses.replace(work, seeds=1 if self.loop else work.seeds, steps=steps)

    def can_run(self) -> bool:
        """Return whether this machine has what the peer needs."""
        return installed(self.package) and (not self.compiler or compiling.available())

    def runs(self, work: Work) -> bool:
        """Return whether the peer can run and is to be measured on this work."""
        fits = self.many_rows or len(work.xs) < MANY
        return self.can_run() and fits and self.view in (None, fastest_view(work))


PEERS = {
    "nnjax, node by node": Peer(
        functools.partial(nnjax_sweep, "nodes"), "nnjax", view="nodes", many_rows=True
    ),
    "nnjax, columns": Peer(
        functools.partial(nnjax_sweep, "columns"), "nnjax", view="columns", many_rows=True
    ),
    NATIVE: Peer(functools.partial(nnjax_sweep, "native"), "nnjax", compiler=True, many_rows=True),
    MATRIX: Peer(functools.partial(nnjax_sweep, "matrix"), "nnjax", most_steps=FEW, many_rows=True),
    "plain JAX, jit(vmap(scan))": Peer(plain_jax, "jax", most_steps=FEW, many_rows=True),
    "Flax NNX + Optax, vmap": Peer(flax_nnx, "flax", most_steps=FEW),
    "NumPy, batched": Peer(batched_numpy, "numpy", most_steps=30),
    "NumPy, loop": Peer(numpy_loop, "numpy", loop=True, most_steps=FEW),
    "PyTorch, batched by hand": Peer(torch_by_hand, "torch", most_steps=50),
    "torch.func, vmap": Peer(torch_func, "torch", most_steps=50),
    "PyTorch, loop": Peer(torch_loop, "torch", loop=True, most_steps=200),
}
"""The peers, by name."""


def fastest_view(work: Work) -> str:
    """Return the view that nnjax picks for the work."""
    return nnjax.fastest_view(work.network, work.rows_per_update)


def named(work: Work) -> str:
    """Return the peer that a user of nnjax gets: the view that `fastest_view` picks."""
    view = fastest_view(work)
    return next((name for name, peer in PEERS.items() if peer.view == view), MATRIX)


def installed(package: str) -> bool:
    """Return whether a package is installed; PyTorch is optional."""
    return importlib.util.find_spec(package) is not None
