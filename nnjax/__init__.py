"""Neural networks, step by step, in JAX: the whole public API on one page.

Index letters, used everywhere: n example, i input node, j output node, l layer, s seed.
z is a net input, a an activation, δ (delta) minus the loss's derivative by the net input.
"""

from nnjax import activations, backprop, checks, losses, network, nodewise, training
from nnjax.activations import ACTIVATIONS, Activation
from nnjax.backprop import deltas, deltas_as_printed, gradients, weight_change
from nnjax.losses import LOSSES, Loss, labels, probabilities, sse
from nnjax.network import Layer, Network, Params, Trace, forward, init, key, mlp, predict, total_loss
from nnjax.training import train_step

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "Activation",
    "Layer",
    "Loss",
    "Network",
    "Params",
    "Trace",
    "activations",
    "backprop",
    "checks",
    "deltas",
    "deltas_as_printed",
    "forward",
    "gradients",
    "init",
    "key",
    "labels",
    "losses",
    "mlp",
    "network",
    "nodewise",
    "predict",
    "probabilities",
    "sse",
    "total_loss",
    "train_step",
    "training",
    "weight_change",
]
