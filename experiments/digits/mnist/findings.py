"""Tables, and findings on where Nielsen's printed numbers lie among the results of many seeds."""

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.experiment import Table
from experiments.runner.findings import Finding, median, share
from experiments.runner.mnist import MNIST

EXPECTED = expectations.of("digits")

PRINTED = {30: 0.9542, 100: 0.9659}
"""Nielsen's accuracies by number of hidden nodes. The first is from the best of 30 epochs; for the second he
does not name the epoch."""
SPEEDS = {
    2: (0.06574134, 0.3092185),
    3: (0.01183821, 0.05996519, 0.2831424),
    4: (0.002975266, 0.01707667, 0.06953924, 0.2851389),
}
"""{hidden layers: his speeds before training}, from his figures' data; chapter 5 prints fewer digits."""
WORSE = 0.01
"""“Clearly worse” means at least a percentage point below Nielsen's number."""
LEAST_SEEDS, LEAST_EPOCHS, LEAST_BIRTHS = 11, 30, 500
"""The minimum numbers of seeds, epochs and untrained networks with which findings are judged."""


def best(mnist: xr.Dataset, hidden: int) -> np.ndarray:
    """Read the test accuracy of each seed's best epoch (s,)."""
    return _shares(mnist, hidden).max(axis=1)


def _shares(mnist: xr.Dataset, hidden: int) -> np.ndarray:
    """Return accuracies (s, e) without float32's rounding, so that equal accuracies compare as equal."""
    return np.round(mnist["accuracy"].sel(hidden_nodes=hidden).values.astype(float), 6)


def lag(births: xr.Dataset, depth: int) -> np.ndarray:
    """Compute the speed of the last hidden layer relative to that of the first (s,), before training."""
    speed = births["speed"].sel(depth=depth)
    return (speed.sel(layer=depth) / speed.sel(layer=1)).values


def findings(mnist: xr.Dataset, births: xr.Dataset) -> list[Finding]:
    """Compare Nielsen's numbers with those of the seeds; for pictures other than MNIST's he gives none."""
    if mnist.attrs["pictures"] != MNIST:
        return []
    enough = mnist.sizes["seed"] >= LEAST_SEEDS and mnist.sizes["epoch"] >= LEAST_EPOCHS
    return [
        *(_of_training(mnist) if enough else ()),
        *(_of_births(births) if births.sizes["seed"] >= LEAST_BIRTHS else ()),
    ]


def _of_training(mnist: xr.Dataset) -> Iterator[Finding]:
    for hidden, printed in PRINTED.items():
        values, last = best(mnist, hidden), _shares(mnist, hidden)[:, -1]
        yield median(
            EXPECTED[f"nielsen-{hidden}"],
            f"MNIST, 784-{hidden}-10 as in Nielsen's chapter 1, test accuracy of the best of 30 epochs",
            values,
            note=f"his one run, {printed:.2%}, is above {np.sum(values < printed)} of {len(values)} seeds "
            f"({values.min():.2%} to {values.max():.2%}); after the last epoch the median is "
            f"{np.median(last):.2%}; his rate 3, for a cost with ½ and a mean over 10 rows, is our 0.15",
        )
    yield share(
        EXPECTED["nielsen-100-worse"],
        f"784-100-10: seeds whose best epoch is a point or more below Nielsen's {PRINTED[100]:.2%} (share)",
        best(mnist, 100) <= PRINTED[100] - WORSE,
        note=f"with 30 hidden nodes {np.mean(best(mnist, 30) <= PRINTED[30] - WORSE):.0%} below 94.42%",
    )


def _of_births(births: xr.Dataset) -> Iterator[Finding]:
    for depth, speeds in SPEEDS.items():
        values, his = lag(births, depth), speeds[-1] / speeds[0]
        low, high = np.quantile(values, (0.05, 0.95))
        yield share(
            EXPECTED[f"births-{depth}"],
            f"784-{'30-' * depth}10 at birth: networks in which the last hidden layer is at most {his:.3g} "
            "times as fast as the first, as in Nielsen's network (share)",
            values <= his,
            note=f"{len(values)} seeds; median {np.median(values):.3g}, 90 % of them {low:.3g} to {high:.3g}",
        )
    values = lag(births, 4)
    yield share(
        EXPECTED["births-slower"],
        "four hidden layers at birth: networks whose first hidden layer is slower than the last (share)",
        values > 1,
        note=f"{len(values)} seeds; by a factor of at least {values.min():.3g}",
    )


def tables(mnist: xr.Dataset, births: xr.Dataset) -> Mapping[str, Table]:
    """Tabulate accuracies and speeds at birth, next to Nielsen's if the pictures are MNIST's."""
    his = mnist.attrs["pictures"] == MNIST
    title = f"Nielsen's networks on {mnist.attrs['pictures']}, {mnist.sizes['seed']} seeds"
    return {
        title: _accuracies(mnist, his),
        f"Speeds at birth, {births.sizes['seed']} seeds": _speeds(births, his),
    }


def _accuracies(mnist: xr.Dataset, his: bool) -> Table:
    rows = []
    for hidden in mnist["hidden_nodes"].values:
        values, last = best(mnist, hidden), _shares(mnist, hidden)[:, -1]
        below = f"{PRINTED[hidden]:.2%}, above {np.sum(values < PRINTED[hidden])} of {len(values)}"
        rows.append(
            [
                f"{hidden}",
                f"{np.median(values):.2%} ({values.min():.2%} to {values.max():.2%})",
                f"{np.median(last):.2%} ({last.min():.2%} to {last.max():.2%})",
                below if his else "",
            ]
        )
    return ("hidden nodes", "best epoch, median", "last epoch, median", "Nielsen's one run"), rows


def _speeds(births: xr.Dataset, his: bool) -> Table:
    rows = []
    for depth, printed in SPEEDS.items():
        for layer, value in enumerate(printed, start=1):
            speed = births["speed"].sel(depth=depth, layer=layer).values
            low, middle, high = statistics.quantiles(speed, (0.05, 0.5, 0.95))
            rank = f"{value:.3g}, above {np.mean(speed < value):.0%}"
            cells = f"{depth}", f"{layer}", f"{middle:.3g} ({low:.3g} to {high:.3g})", rank if his else ""
            rows.append(list(cells))
    return ("hidden layers", "layer", "|δ|, median (90 % of the seeds)", "Nielsen's"), rows
