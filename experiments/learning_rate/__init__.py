"""How large may the learning rate be? Five decades of rates, four optimisers, and the edge of stability."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import xarray as xr

from experiments.learning_rate.edges import edges as measured_edges
from experiments.learning_rate.figures import figures
from experiments.learning_rate.findings import findings, tables
from experiments.learning_rate.story import CARD, story
from experiments.learning_rate.training import OPTIMIZERS, digits, xor
from experiments.runner.context import Context
from experiments.runner.experiment import Experiment, Options, at_least, positive


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """The learning rates that are tried, how many networks are trained, and for how long.

    Attributes:
        seed: First seed.
        seeds: Number of networks per rate on XOR, 2 or more.
        digit_seeds: Number of networks per rate on the digits, 2 or more.
        rates: Learning rates, above 0.
        steps: Number of full-batch steps on XOR.
        epochs: Number of epochs on the digits, in batches of 10.
    """

    seed: int = 0
    seeds: int = 1000
    digit_seeds: int = 4
    rates: tuple[float, ...] = tuple(float(f"{rate:.3g}") for rate in np.logspace(-4, 1, 16))
    steps: int = 2000
    epochs: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, seeds=2, digit_seeds=2, steps=1, epochs=1)
        positive(self, "rates")
        if len(self.rates) < 2:
            raise ValueError(f"rates must be two or more numbers; got {self.rates}")


def run(config: Config, context: Context) -> xr.DataTree:
    """Measure the groups "xor" (final loss), "digits" (accuracy) and "edges"."""
    rates = {"rate": np.asarray(config.rates, np.float32)}
    seeds, few = map(config.seeds_from_first, (config.seeds, config.digit_seeds))

    def trained(name: str) -> tuple[np.ndarray, np.ndarray]:
        # Optax's Adam and RMSProp mix dtypes, which the threads of a pool refuse if JAX is told to be strict.
        with jax.numpy_dtype_promotion("standard"):
            on_xor, on_digits = xor(OPTIMIZERS[name], config.steps), digits(OPTIMIZERS[name], config.epochs)
            losses = context.sweep(f"XOR, {name}", on_xor, seeds, rates)
            return losses, context.sweep(f"digits, {name}", on_digits, few, rates)

    parts: list[Callable[[], Any]] = [functools.partial(trained, name) for name in OPTIMIZERS]
    *ended, edges = context.two_at_a_time([*parts, measured_edges])
    losses, accuracies = zip(*ended, strict=True)
    names = {"optimizer": list(OPTIMIZERS), "rate": list(config.rates)}
    dimensions = ("optimizer", "seed", "rate")
    xor_part = xr.Dataset({"loss": (dimensions, np.stack(losses))}, {**names, "seed": seeds})
    digits_part = xr.Dataset({"accuracy": (dimensions, np.stack(accuracies))}, {**names, "seed": few})
    return xr.DataTree.from_dict({"xor": xor_part, "digits": digits_part, "edges": edges})


EXPERIMENT = Experiment(
    name="learning_rate",
    title="The learning rate",
    question="How large may the learning rate be, and how much does it matter?",
    method="Four optimisers train networks on XOR and on the digits, at learning rates that span five "
    "decades. Near a minimum, the rate at which descent diverges is compared with the Hessian's largest "
    "eigenvalue.",
    config=Config,
    run=run,
    findings=findings,
    tables=tables,
    figures=figures,
    story=story,
    card=CARD,
    smoke={"seeds": 4, "digit_seeds": 2, "rates": (0.01, 1.0), "steps": 20, "epochs": 1},
    full={"seeds": 4000, "digit_seeds": 20, "steps": 20_000, "epochs": 10},
    remember="Each optimiser has a band of rates that work, about two decades wide or less in these runs. "
    "Above 2 / λ_max plain gradient descent cannot stay at a minimum. Adam and RMSProp solve XOR "
    "for fewer seeds than plain descent.",
    minutes=(0.4, 2.0),
)
