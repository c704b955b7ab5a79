"""The story of the learning rate."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Adam solves XOR for fewer seeds than plain descent, each at its best learning rate. The difference:",
    "adam-minus-sgd:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """Say which rates are too small, good and too large; then the edge."""
    return [
        "“Learning rates are a pretty big deal”, says the handout, and uses 0.01. How much do they matter? "
        "Here four optimisers start from the same initial weights, at rates over five decades (factors of "
        "ten).",
        Show("rates"),
        "Each optimiser has its own range of rates that work. On XOR even the widest spans only "
        "{widest-band} decades, and Adam's lies far below that of plain descent.",
        Fold("Do Adam and RMSProp help?"),
        "Footnote 11 mentions Adam and RMSProp and their “clever ways of adapting the learning rate”. On the "
        "digits they do well. On XOR, each at its best rate, they succeed from fewer seeds than plain "
        "descent: the difference is {adam-minus-sgd:points} for Adam and {rmsprop-minus-sgd:points} for "
        "RMSProp. In deep networks, another task, Adam helps (“Do gradients vanish?”).",
        Fold("Where is the upper end?"),
        "The upper end is known. Near a minimum whose largest curvature is λₘₐₓ, plain descent overshoots "
        "farther and farther once the rate exceeds 2 / λₘₐₓ. At four known minima, from that of a parabola "
        "to that of a network on digits, the edge lies there, to within half a per cent.",
    ]
