"""Neural networks, step by step, in JAX: the whole public API on one page, by topic.

- Describe a network: Network, mlp; Layer, Params; init, key; params, handout; summary, save, load
- Run it: forward, Trace, predict, predict_batch; total_loss, probabilities, labels, accuracy
- Pass the blame back: deltas, deltas_as_printed, weight_change, gradients; check_gradients
- Train it: train, train_step, Stop, History, REASONS, fastest_view, time_views
- Sweep over seeds: sweep, sweep_until, Ended, steady, Workers, use_all_cores; grid, study; progress
- Tables that you can extend: ACTIVATIONS, Activation; LOSSES, Loss, sse
- Modules: activations, losses, datasets; backprop, columnwise, nodewise (three layouts of one backward pass);
  signal_propagation, symmetries, minima; sweeps; and interop, which you import yourself (from nnjax import
  interop), since Flax takes a second to load

Index letters, used throughout: n example, i input node, j output node, l layer, s seed.
z is a net input, a an activation; δ (delta) is minus the loss's derivative with respect to the net input.
"""

from importlib import metadata

from nnjax import (
    activations,
    backprop,
    columnwise,
    datasets,
    losses,
    minima,
    nodewise,
    signal_propagation,
    sweeps,
    symmetries,
)
from nnjax.activations import ACTIVATIONS, Activation
from nnjax.backprop import deltas, deltas_as_printed, gradients, weight_change
from nnjax.examples import handout
from nnjax.gradient_check import check_gradients
from nnjax.losses import LOSSES, Loss, labels, probabilities, sse
from nnjax.network import (
    Layer,
    Network,
    Params,
    Trace,
    accuracy,
    forward,
    mlp,
    predict,
    predict_batch,
    total_loss,
)
from nnjax.parameters import init, key, params, summary
from nnjax.reporting import progress
from nnjax.stopping import REASONS, Stop
from nnjax.storage import load, save
from nnjax.studies import grid, study
from nnjax.sweeps import Ended, Workers, steady, sweep, sweep_until
from nnjax.sweeps.devices import use_all_cores
from nnjax.timing import time_views
from nnjax.training import History, train, train_step
from nnjax.views import fastest_view

try:
    __version__ = metadata.version("nnjax")
except metadata.PackageNotFoundError:  # nnjax is run from its folder and is not installed
    __version__ = "unknown"

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
    "Workers",
    "accuracy",
    "activations",
    "backprop",
    "check_gradients",
    "columnwise",
    "datasets",
    "deltas",
    "deltas_as_printed",
    "fastest_view",
    "forward",
    "gradients",
    "grid",
    "handout",
    "init",
    "key",
    "labels",
    "load",
    "losses",
    "minima",
    "mlp",
    "nodewise",
    "params",
    "predict",
    "predict_batch",
    "probabilities",
    "progress",
    "save",
    "signal_propagation",
    "sse",
    "steady",
    "study",
    "summary",
    "sweep",
    "sweep_until",
    "sweeps",
    "symmetries",
    "time_views",
    "total_loss",
    "train",
    "train_step",
    "use_all_cores",
    "weight_change",
]
