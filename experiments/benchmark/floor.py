"""A C program written for one network: how fast could this network be trained on this machine?"""

import functools
import itertools
import os
import pathlib
import shutil
import subprocess
import tempfile

import jax
import numpy as np

import nnjax
from experiments.benchmark.work import Work

NETWORK = """
#define WEIGHTS {weights}
#define BLOCKS {blocks}

static const float xs[{rows}][{inputs}] = {xs}, ys[{rows}][{outputs}] = {ys};

static inline void descend(v w[WEIGHTS]) {{
    v g[WEIGHTS];
    memset(g, 0, sizeof g);
    for (int n = 0; n < {rows}; n++) {{
{row}
    }}
    for (int i = 0; i < WEIGHTS; i++) w[i] += {rate}f * g[i];
}}
"""
SOURCE = pathlib.Path(__file__).with_name("floor.c")


def header(work: Work) -> str:
    """Write the part of the program that depends on the network, which has sigmoid nodes and biases."""
    sizes, weights = work.network.sizes, sum(i * o + o for i, o in itertools.pairwise(work.network.sizes))
    return NETWORK.format_map(
        {
            "weights": weights,
            "blocks": max(8, 20000 // weights),
            "rows": len(work.xs),
            "inputs": sizes[0],
            "outputs": sizes[-1],
            "xs": _table(work.xs),
            "ys": _table(work.ys),
            "rate": float(work.rate),
            "row": "\n".join(f"        {line}" for line in _row(sizes)),
        }
    )


def _table(rows: np.ndarray) -> str:
    return "{" + ", ".join("{" + ", ".join(f"{float(x)}f" for x in row) + "}" for row in rows) + "}"


def _row(sizes: tuple[int, ...]) -> list[str]:
    """Write the passes of one row, node by node: activations a, deltas d, weight changes g."""
    first, forward, backward = 0, [f"v a0_{i} = xs[n][{i}] + (v){{0}};" for i in range(sizes[0])], []
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
        biases = first + inputs * outputs
        for j in range(outputs):
            terms = [f"w[{first + i * outputs + j}] * a{layer - 1}_{i}" for i in range(inputs)]
            forward.append(f"v a{layer}_{j} = sigmoid({' + '.join(terms)} + w[{biases + j}]);")
        backward = [*_deltas(sizes, layer, biases + outputs), *_changes(layer, first, sizes), *backward]
        first = biases + outputs
    return forward + backward


def _deltas(sizes: tuple[int, ...], layer: int, above: int) -> list[str]:
    """Write a layer's deltas; `above` is the number of the first weight that leads out of it."""
    lines = []
    for j in range(sizes[layer]):
        blame = f"2 * (ys[n][{j}] - a{layer}_{j})"
        if layer < len(sizes) - 1:
            after = sizes[layer + 1]
            blame = " + ".join(f"w[{above + j * after + k}] * d{layer + 1}_{k}" for k in range(after))
        lines.append(f"v d{layer}_{j} = ({blame}) * a{layer}_{j} * (1 - a{layer}_{j});")
    return lines


def _changes(layer: int, first: int, sizes: tuple[int, ...]) -> list[str]:
    """Write a layer's weight changes, which are numbered from `first`."""
    inputs, outputs = sizes[layer - 1], sizes[layer]
    pairs = [(i, j) for i in range(inputs) for j in range(outputs)]
    lines = [f"g[{first + i * outputs + j}] += d{layer}_{j} * a{layer - 1}_{i};" for i, j in pairs]
    return [*lines, *(f"g[{first + inputs * outputs + j}] += d{layer}_{j};" for j in range(outputs))]


@functools.lru_cache(maxsize=8)
def program(work: Work) -> str | None:
    """Compile the program; return None if there is no C compiler, or if rows come in batches."""
    compiler = shutil.which("cc")
    if compiler is None or work.batch_size is not None:
        return None
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nnjax-floor-"))
    (folder / "network.h").write_text(header(work))
    options = [f"-I{folder}", "-O3", "-march=native", "-pthread", "-lm"]
    subprocess.run([compiler, SOURCE, *options, "-o", folder / "floor"], check=True)
    return str(folder / "floor")


def speed(work: Work) -> float:
    """Measure the program's seed-steps per second on all cores; NaN without a program."""
    path = program(work)
    if path is None:
        return np.nan
    done = subprocess.run([path, str(os.cpu_count())], capture_output=True, text=True, check=True)
    return float(done.stdout.split()[0])


def trained(work: Work, params: nnjax.Params, steps: int) -> np.ndarray:
    """Train from these parameters with the program; return the weights and biases of every layer in turn."""
    numbers = " ".join(repr(float(x)) for leaf in jax.tree.leaves(params) for x in np.ravel(leaf))
    command = [str(program(work)), "check", str(steps)]
    done = subprocess.run(command, input=numbers, capture_output=True, text=True, check=True)
    return np.array(done.stdout.split(), float)
