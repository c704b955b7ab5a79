"""The story of the learning rate."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Adam solves XOR for fewer seeds than plain descent, each at its best learning rate. The difference:",
    "adam-minus-sgd:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """Say which rates are too small, good and too large, and where the edge of stability lies."""
    return [
        "“Learning rates are a pretty big deal”, says the handout, which uses 0.01. How much do learning "
        "rates matter? Four optimisers start from the same initial weights, at rates over five decades "
        "(factors of ten).",
        Show("rates"),
        "Each optimiser has its own range of rates that work. On XOR even the widest spans only "
        "{widest-band} decades, and Adam's lies far below that of plain descent.",
        Fold("Do Adam and RMSProp help?"),
        "Footnote 11 mentions Adam and RMSProp and their “clever ways of adapting the learning rate”. On the "
        "digits both do well. On XOR, each at its best rate, they succeed from fewer seeds than plain "
        "descent: the difference is {adam-minus-sgd:points} for Adam and {rmsprop-minus-sgd:points} for "
        "RMSProp. In deep networks, which are another task, Adam helps (see “Do gradients vanish?”).",
        Fold("Where is the upper end?"),
        "The upper end of the range is known. Near a minimum whose largest curvature is λₘₐₓ, plain descent "
        "overshoots farther and farther once the rate exceeds 2 / λₘₐₓ. At the known minima of four "
        "functions, from a parabola to the loss of a network on digits, the edge lies at that rate, to "
        "within half a per cent.",
    ]
