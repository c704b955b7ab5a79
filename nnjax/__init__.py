"""Neural networks, step by step, in JAX: the whole public API on one page.

Index letters, used everywhere: n example, i input node, j output node, l layer, s seed.
z is a net input, a an activation, δ (delta) minus the loss's derivative by the net input.
"""

from nnjax import (
    activations,
    backprop,
    checks,
    columnwise,
    datasets,
    initialisers,
    losses,
    minima,
    network,
    nodewise,
    signal_propagation,
    symmetries,
    training,
)
from nnjax.activations import ACTIVATIONS, Activation
from nnjax.backprop import deltas, deltas_as_printed, gradients, weight_change
from nnjax.losses import LOSSES, Loss, labels, probabilities, sse
from nnjax.network import Layer, Network, Params, Trace, forward, init, key, mlp, predict, total_loss
from nnjax.sweeps import Ended, steady, sweep, sweep_until
from nnjax.sweeps.devices import use_all_cores
from nnjax.training import REASONS, History, Stop, train, train_step
from nnjax.views import fastest_view

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "REASONS",
    "Activation",
    "Ended",
    "History",
    "Layer",
    "Loss",
    "Network",
    "Params",
    "Stop",
    "Trace",
    "activations",
    "backprop",
    "checks",
    "columnwise",
    "datasets",
    "deltas",
    "deltas_as_printed",
    "fastest_view",
    "forward",
    "gradients",
    "init",
    "initialisers",
    "key",
    "labels",
    "losses",
    "minima",
    "mlp",
    "network",
    "nodewise",
    "predict",
    "probabilities",
    "signal_propagation",
    "sse",
    "steady",
    "sweep",
    "sweep_until",
    "symmetries",
    "total_loss",
    "train",
    "train_step",
    "training",
    "use_all_cores",
    "weight_change",
]
