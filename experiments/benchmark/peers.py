"""The same training, written as others would: what `benchmark` measures nnjax against.

Each peer takes a `Work` and returns a function that does it once and returns the final loss of each seed.
All start from the same parameters and see the same rows in the same order.
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

import nnjax
from nnjax.sweeps import lanes


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """Gradient descent on the SSE of a sigmoid network, for many seeds.

    Attributes:
        network: The network.
        xs: Inputs (n, in).
        ys: Labels (n, out).
        rate: Learning rate.
        steps: Updates per seed.
        seeds: How many seeds.
        batch_size: Rows per update; None for all.
        own_order: Whether each seed shuffles its rows on its own.
        first: The first seed.
    """

    network: nnjax.Network
    xs: np.ndarray
    ys: np.ndarray
    rate: float
    steps: int
    seeds: int
    batch_size: int | None = None
    own_order: bool = False
    first: int = 0

    def numbers(self) -> range:
        """The seeds."""
        return range(self.first, self.first + self.seeds)

    @property
    def seed_steps(self) -> int:
        """Updates of all seeds together."""
        return self.seeds * self.steps

    @property
    def epochs(self) -> int:
        """Passes over the data that make `steps` updates."""
        return self.steps if self.batch_size is None else self.steps * self.batch_size // len(self.xs)

    def init(self, key: Any) -> nnjax.Params:
        """Where a seed starts."""
        return nnjax.init(self.network, key, "lecun_normal", "normal")

    def order_key(self, key: Any) -> Any:
        """What shuffles a seed's rows; None where they keep their order."""
        if self.batch_size is None:
            return None
        return jax.random.fold_in(key, 1) if self.own_order else nnjax.key(0)

    def starts(self) -> list[np.ndarray]:
        """Weights and biases of every layer, in turn, seeds first."""
        return [np.asarray(leaf) for leaf in jax.tree.leaves(nnjax.sweep(self.init, self.numbers()))]

    def rows(self) -> np.ndarray:
        """Row numbers (steps, batch) of every update, or (steps, seeds, batch) with an order per seed."""
        if self.batch_size is None:
            return np.tile(np.arange(len(self.xs)), (self.steps, 1))

        def order(key: Any) -> jax.Array:
            own = self.order_key(key)
            each = [
                jax.random.permutation(jax.random.fold_in(own, e), len(self.xs)) for e in range(self.epochs)
            ]
            return jnp.concatenate(each).reshape(self.steps, -1)

        found = nnjax.sweep(order, self.numbers() if self.own_order else [self.first])
        return np.swapaxes(found, 0, 1) if self.own_order else found[0]


Job = Callable[[], np.ndarray]


def final_loss(view: str, work: Work) -> Callable[[Any], jax.Array]:
    """The work as a pure function of a key, as a research script has it."""

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
    """`nnjax.sweep` over `nnjax.train`."""
    train = final_loss(view, work)
    return lambda: nnjax.sweep(train, work.numbers())


def _plain_loss(params: Any, xs: Any, ys: Any) -> Any:
    a = xs
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        a = jax.nn.sigmoid(a @ weights + biases)
    return jnp.sum((ys - a) ** 2)


def _batch(work: Work, xs: Any, ys: Any, chosen: Any) -> tuple[Any, Any]:
    return (xs, ys) if work.batch_size is None else (xs[chosen], ys[chosen])


def _spread(work: Work) -> list[Any]:
    """The first parameters, seeds spread over all devices, as a JAX user who has read so far would."""
    devices = jax.local_devices()
    if work.seeds % len(devices):
        return [jnp.asarray(leaf) for leaf in work.starts()]
    return [jax.device_put(leaf, lanes.sharding(devices)) for leaf in work.starts()]


def plain_jax(work: Work) -> Job:
    """jit(vmap(scan)) with jax.grad, on all devices: what a JAX user writes first."""
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

    program = jax.jit(jax.vmap(final_loss, in_axes=(0, 1 if work.own_order else None)))
    starts = _spread(work)
    return lambda: np.asarray(program(starts, rows))


def flax_nnx(work: Work) -> Job:
    """Flax NNX with Optax, its models split into graph and state, and the states vmapped."""
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

    program = jax.jit(jax.vmap(final_loss, in_axes=(0, 1 if work.own_order else None)))
    starts = _spread(work)
    return lambda: np.asarray(program(starts, rows))


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def _numpy_step(params: list[np.ndarray], xs: np.ndarray, ys: np.ndarray, rate: float) -> None:
    """One update of all seeds in place: params (s, i, j) and (s, 1, j), xs (n, i) or (s, n, i)."""
    activations = [xs]
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        activations.append(_sigmoid(activations[-1] @ weights + biases))
    blame = 2 * (ys - activations[-1])
    for layer in reversed(range(len(params) // 2)):
        a = activations[layer + 1]
        delta = blame * a * (1 - a)
        blame = delta @ np.swapaxes(params[2 * layer], -1, -2)
        params[2 * layer] += rate * (np.swapaxes(activations[layer], -1, -2) @ delta)
        params[2 * layer + 1] += rate * delta.sum(axis=-2, keepdims=True)


def _numpy_loss(params: list[np.ndarray], xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    a = xs
    for weights, biases in zip(params[::2], params[1::2], strict=True):
        a = _sigmoid(a @ weights + biases)
    return np.sum((ys - a) ** 2, axis=(-1, -2))


def _with_rows_of_biases(leaves: list[Any]) -> list[Any]:
    return [leaf[..., None, :] if index % 2 else leaf for index, leaf in enumerate(leaves)]


def batched_numpy(work: Work) -> Job:
    """NumPy with the seeds as the first axis of every array."""
    starts, rows = _with_rows_of_biases(work.starts()), work.rows()

    def job() -> np.ndarray:
        params = [leaf.copy() for leaf in starts]
        for chosen in rows:
            _numpy_step(params, work.xs[chosen], work.ys[chosen], work.rate)
        return _numpy_loss(params, work.xs, work.ys)

    return job


def numpy_loop(work: Work) -> Job:
    """NumPy, one seed and one row at a time, as in Nielsen's network.py."""
    starts, rows = _with_rows_of_biases(work.starts()), work.rows()

    def train(seed: int) -> np.ndarray:
        params = [leaf[seed].copy() for leaf in starts]
        for chosen in rows[:, seed] if work.own_order else rows:
            before = [leaf.copy() for leaf in params]
            for n in chosen:
                moved = [leaf.copy() for leaf in before]
                _numpy_step(moved, work.xs[n : n + 1], work.ys[n : n + 1], work.rate)
                for leaf, new, old in zip(params, moved, before, strict=True):
                    leaf += new - old
        return _numpy_loss(params, work.xs, work.ys)

    return lambda: np.array([train(seed) for seed in range(work.seeds)])


def _torch() -> Any:
    import torch  # pyright: ignore[reportMissingImports]

    return torch


def _torch_model(work: Work) -> Any:
    torch = _torch()
    sizes = zip(work.network.sizes[:-1], work.network.sizes[1:], strict=True)
    return torch.nn.Sequential(
        *(layer for i, o in sizes for layer in (torch.nn.Linear(i, o), torch.nn.Sigmoid()))
    )


def _torch_data(work: Work) -> tuple[Any, Any, Any]:
    torch = _torch()
    return torch.tensor(work.xs), torch.tensor(work.ys), torch.tensor(work.rows().astype(np.int64))


def torch_loop(work: Work) -> Job:
    """PyTorch: a model and torch.optim.SGD per seed, one after the other."""
    torch, starts, (xs, ys, rows) = _torch(), work.starts(), _torch_data(work)

    def train(seed: int) -> float:
        model = _torch_model(work)
        with torch.no_grad():
            for parameter, start in zip(model.parameters(), starts, strict=True):
                parameter.copy_(torch.tensor(start[seed].T))
        optimizer = torch.optim.SGD(model.parameters(), lr=work.rate)
        for chosen in rows[:, seed] if work.own_order else rows:
            optimizer.zero_grad()
            torch.sum((ys[chosen] - model(xs[chosen])) ** 2).backward()
            optimizer.step()
        with torch.no_grad():
            return float(torch.sum((ys - model(xs)) ** 2))

    return lambda: np.array([train(seed) for seed in range(work.seeds)])


def torch_func(work: Work) -> Job:
    """torch.func: vmap over stacked parameters, as stack_module_state makes them."""
    torch, starts, (xs, ys, rows) = _torch(), work.starts(), _torch_data(work)
    model = _torch_model(work)
    stacked, _ = torch.func.stack_module_state([_torch_model(work) for _ in range(2)])
    names = list(stacked)

    def loss(params: Any, x: Any, y: Any) -> Any:
        return torch.sum((y - torch.func.functional_call(model, params, (x,))) ** 2)

    each = 0 if work.own_order else None
    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(0, each, each))
    losses = torch.func.vmap(loss, in_dims=(0, None, None))

    def job() -> np.ndarray:
        params = {
            n: torch.tensor(np.ascontiguousarray(np.swapaxes(leaf, 1, -1)))
            for n, leaf in zip(names, starts, strict=True)
        }
        for chosen in rows:
            grads = gradients(params, xs[chosen], ys[chosen])
            params = {name: value - work.rate * grads[name] for name, value in params.items()}
        return losses(params, xs, ys).numpy()

    return job


def torch_by_hand(work: Work) -> Job:
    """PyTorch with a hand-written backward pass on batched products; one large product on shared rows."""
    torch, starts, (xs, ys, rows) = _torch(), _with_rows_of_biases(work.starts()), _torch_data(work)
    seeds, hidden = work.seeds, work.network.sizes[1]

    def first_layer(x: Any, weights: Any) -> Any:
        if work.own_order:
            return torch.bmm(x, weights)
        wide = x @ weights.permute(1, 0, 2).reshape(weights.shape[1], -1)
        return wide.reshape(len(x), seeds, hidden).permute(1, 0, 2)

    def first_gradient(x: Any, delta: Any) -> Any:
        if work.own_order:
            return torch.bmm(x.transpose(1, 2), delta)
        wide = x.T @ delta.permute(1, 0, 2).reshape(len(x), -1)
        return wide.reshape(x.shape[1], seeds, hidden).permute(1, 0, 2)

    def step(params: list[Any], x: Any, y: Any) -> None:
        activations = [x, torch.sigmoid(first_layer(x, params[0]) + params[1])]
        for weights, biases in zip(params[2::2], params[3::2], strict=True):
            activations.append(torch.sigmoid(torch.baddbmm(biases, activations[-1], weights)))
        blame = 2 * (y - activations[-1])
        for layer in reversed(range(len(params) // 2)):
            a = activations[layer + 1]
            delta = blame * a * (1 - a)
            if layer:
                blame = torch.bmm(delta, params[2 * layer].transpose(1, 2))
                params[2 * layer].baddbmm_(activations[layer].transpose(1, 2), delta, alpha=work.rate)
            else:
                params[0].add_(first_gradient(x, delta), alpha=work.rate)
            params[2 * layer + 1].add_(delta.sum(1, keepdim=True), alpha=work.rate)

    def job() -> np.ndarray:
        params = [torch.tensor(leaf) for leaf in starts]
        with torch.inference_mode():
            for chosen in rows:
                step(params, xs[chosen], ys[chosen])
        return _numpy_loss([leaf.numpy() for leaf in params], work.xs, work.ys)

    return job


PEERS: dict[str, tuple[Callable[[Work], Job], str]] = {
    "nnjax, node by node": (functools.partial(nnjax_sweep, "nodes"), "nnjax"),
    "nnjax, columns": (functools.partial(nnjax_sweep, "columns"), "nnjax"),
    "nnjax, matrix": (functools.partial(nnjax_sweep, "matrix"), "nnjax"),
    "plain JAX, jit(vmap(scan))": (plain_jax, "jax"),
    "Flax NNX + Optax, vmap": (flax_nnx, "flax"),
    "NumPy, batched": (batched_numpy, "numpy"),
    "NumPy, loop": (numpy_loop, "numpy"),
    "PyTorch, batched by hand": (torch_by_hand, "torch"),
    "torch.func, vmap": (torch_func, "torch"),
    "PyTorch, loop": (torch_loop, "torch"),
}
"""Each peer by name: how it is made, and the package it needs."""


def installed(package: str) -> bool:
    """Whether the package is there; PyTorch is optional."""
    return importlib.util.find_spec(package) is not None
