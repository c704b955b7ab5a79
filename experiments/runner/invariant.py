"""Check, in every view, that a seed gives the same bits by itself, among others and after a resume."""

import argparse
import contextlib
import dataclasses
import functools
import pathlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import optax

import nnjax

UPDATES = 200


@dataclasses.dataclass(frozen=True)
class Case:
    """A training run whose seeds are compared.

    Attributes:
        name: Name of the case in the output.
        sizes: Nodes per layer.
        view: The view.
        widths: Widths of the lanes; None means the automatic width.
        one_width: Whether another width may give different bits, because the rounding of matrix
            products depends on their shape.
    """

    name: str
    sizes: tuple[int, ...]
    view: str
    widths: tuple[int | None, ...]
    one_width: bool = True


CASES = (
    Case("XOR 2-2-1, node by node", (2, 2, 1), "nodes", (None, 64, 1024), one_width=False),
    Case("XOR 2-2-1, matrix", (2, 2, 1), "matrix", (None, 64)),
    Case("3-8-8-1, columns", (3, 8, 8, 1), "columns", (None, 64)),
    Case("3-8-8-1, matrix", (3, 8, 8, 1), "matrix", (None, 64)),
)


def training(case: Case) -> Callable[[Any], Any]:
    """Make a function that maps a key to the case's parameters and loss after `UPDATES` updates."""
    network, data = nnjax.mlp(case.sizes), nnjax.datasets.xor()
    xs = np.concatenate([data.xs, np.ones((4, case.sizes[0] - 2))], axis=1)

    def train(key: jax.Array) -> Any:
        params = nnjax.init(network, key, "lecun_normal", "normal")
        options = {"optimizer": optax.sgd(0.5, 0.9), "epochs": UPDATES, "view": case.view}
        params, history = nnjax.train(network, params, xs, data.ys, **options)
        return params, history.loss

    return train


def bits(results: Any, row: int | slice = slice(None)) -> bytes:
    """Return all bits of the results in the given row or rows."""
    return b"".join(np.ascontiguousarray(leaf[row]).tobytes() for leaf in jax.tree.leaves(results))


class _Stop(Exception):  # noqa: N818
    """Ends a sweep midway."""


def resumed(sweep: Callable[..., Any], seeds: range) -> Any:
    """Run the sweep, stop it as soon as half of it is done, and finish it with a second call."""

    def stop(done: int, total: int) -> None:
        if 2 * done >= total:
            raise _Stop

    with tempfile.TemporaryDirectory() as folder:
        with contextlib.suppress(_Stop):
            sweep(seeds, folder=pathlib.Path(folder) / "sweep", on_segment=stop)
        return sweep(seeds, folder=pathlib.Path(folder) / "sweep")


def differences(case: Case, seeds: int) -> list[str]:
    """List where a seed's bits differ; the list is empty if they never do."""
    found, train, by_width = [], training(case), {}
    for width in case.widths:
        sweep = functools.partial(nnjax.sweep, train, lane=width)
        many = sweep(range(seeds))
        said = "automatic lane" if width is None else f"lane of {width}"
        for seed in (0, seeds // 3, seeds - 1):
            if bits(sweep([seed])) != bits(many, slice(seed, seed + 1)):
                found.append(f"{said}: seed {seed} alone")
        if bits(sweep(range(seeds - 1, -1, -1))) != bits(jax.tree.map(lambda leaf: leaf[::-1], many)):
            found.append(f"{said}: in another order")
        if width is not None and bits(resumed(sweep, range(seeds))) != bits(many):
            found.append(f"{said}: after a resume")
        by_width[said] = bits(many)
    if not case.one_width and len(set(by_width.values())) > 1:
        found.append(f"between {', '.join(by_width)}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Print a line for each case, and return 1 if any bit differs."""
    parser = argparse.ArgumentParser(prog="python -m experiments.runner.invariant", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000)
    seeds = parser.parse_args(arguments).seeds
    failed = False
    for case in CASES:
        found = differences(case, seeds)
        failed |= bool(found)
        print(f"{case.name}: {'; '.join(found) or 'same bits'}", flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
