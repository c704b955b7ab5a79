"""The benchmark's training in PyTorch, which is optional: a loop, torch.func, and a hand-written version."""

from typing import Any

import numpy as np

from experiments.benchmark.work import Job, Work, stacked_loss


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
    """Train with a PyTorch model and torch.optim.SGD for each seed, one seed after the other."""
    torch, starts, (xs, ys, rows) = _torch(), work.starts(), _torch_data(work)

    def train(seed: int) -> float:
        model = _torch_model(work)
        with torch.no_grad():
            for parameter, start in zip(model.parameters(), starts, strict=True):
                parameter.copy_(torch.tensor(start[seed].T))
        optimizer = torch.optim.SGD(model.parameters(), lr=work.rate)
        for chosen in rows[:, seed] if work.order_per_seed else rows:
            optimizer.zero_grad()
            torch.sum((ys[chosen] - model(xs[chosen])) ** 2).backward()
            optimizer.step()
        with torch.no_grad():
            return float(torch.sum((ys - model(xs)) ** 2))

    return lambda: np.array([train(seed) for seed in range(work.seeds)])


def torch_func(work: Work) -> Job:
    """Train with torch.func: vmap runs over parameters in the form that stack_module_state returns."""
    torch, starts, (xs, ys, rows) = _torch(), work.starts(), _torch_data(work)
    model = _torch_model(work)
    stacked, _ = torch.func.stack_module_state([_torch_model(work) for _ in range(2)])
    names = list(stacked)

    def loss(params: Any, x: Any, y: Any) -> Any:
        return torch.sum((y - torch.func.functional_call(model, params, (x,))) ** 2)

    rows_axis = 0 if work.order_per_seed else None
    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(0, rows_axis, rows_axis))
    losses = torch.func.vmap(loss, in_dims=(0, None, None))

    def job() -> np.ndarray:
        params = {
            n: torch.tensor(np.ascontiguousarray(np.swapaxes(leaf, 1, -1)))
            for n, leaf in zip(names, starts, strict=True)
        }
        for chosen in rows:
            grads = gradients(params, xs[chosen], ys[chosen])
            params = {name: value - work.rate * grads[name] for name, value in params.items()}
        return losses(params, xs, ys).cpu().numpy()

    return job


def torch_by_hand(work: Work) -> Job:
    """Train with PyTorch and a hand-written backward pass; seeds that share rows need one large product."""
    torch, starts, (xs, ys, rows) = _torch(), work.stacked_starts(), _torch_data(work)
    seeds, hidden = work.seeds, work.network.sizes[1]

    def first_layer(x: Any, weights: Any) -> Any:
        if work.order_per_seed:
            return torch.bmm(x, weights)
        wide = x @ weights.permute(1, 0, 2).reshape(weights.shape[1], -1)
        return wide.reshape(len(x), seeds, hidden).permute(1, 0, 2)

    def first_gradient(x: Any, delta: Any) -> Any:
        if work.order_per_seed:
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
        return stacked_loss([leaf.cpu().numpy() for leaf in params], work.xs, work.ys)

    return job
