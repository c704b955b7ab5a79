"""The story of the learning rate."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Adam solves XOR for fewer seeds than plain descent, each at its best learning rate:",
    "adam-minus-sgd:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """Tell which rates are too small, good and too large; then the edge."""
    return [
        "“Learning rates are a pretty big deal”, says the handout, and uses 0.01. How picky is training? "
        "Here are rates over five decades, for four optimisers, from the same initial weights.",
        Show("rates"),
        "Each optimiser has its own range of rates that work. On XOR the widest one spans {widest-band} "
        "decades, so that a rate from somebody else's Adam says nothing about plain descent.",
        Fold("Do Adam and RMSProp help?"),
        "A footnote mentions Adam and RMSProp and their “clever ways of adapting the learning rate”. On the "
        "digits they do well. On XOR, each at its best rate, they learn from fewer seeds than plain descent: "
        "the difference is {adam-minus-sgd:points} for Adam and {rmsprop-minus-sgd:points} for RMSProp.",
        Fold("Where is the upper end?"),
        "The upper end is known. Near a minimum whose largest curvature is λₘₐₓ, plain "
        "descent overshoots farther and farther once the rate exceeds 2 / λₘₐₓ. At four known minima, from a "
        "parabola to a network on digits, that is the edge, to half a per cent.",
    ]
