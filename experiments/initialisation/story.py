"""The story of the experiment on initial weights."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Large initial weights get more XOR networks stuck up to rate 3. At rate 4 they change the share by:",
    "xor-range-stuck-rate-4:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """Tell that the best range depends on the rate, slow is not stuck, zeros never learn, biases matter."""
    by_rate = data["rates"].to_dataset()
    small, *_, large = by_rate["range"].values
    short, long = (f"{epochs:,}" for epochs in by_rate["epochs"].values)
    return [
        "Are large initial weights bad? We guessed so: on XOR they should leave more networks stuck on a "
        "plateau, where the loss is so flat that descent makes no headway. At learning rate 2 they do. From "
        f"uniform weights between −{large:g} and {large:g} the share that is stuck is "
        f"{{xor-range-stuck-rate-2:points}} higher than from those between −{small:g} and {small:g}; rates "
        "1 and 3 agree. But at rate 4 the difference is {xor-range-stuck-rate-4:points}: now small weights "
        "get stuck more often. The guess is refuted: no range is good or bad without the rate.",
        Show("rates"),
        Fold("Are the others stuck, or merely slow?"),
        f"Not every network is stuck that has not learnt. Of those from range {small:g} at rate 2 that have "
        f"not learnt XOR after {short} epochs, {{xor-range-slow:%}} are not on a plateau but slow: at rate 3 "
        f"the share that learns in that time is {{xor-range-rate:points}} higher. From range {large:g}, "
        f"{{xor-range-plateau}} of {by_rate.sizes['seed']:,} seeds sit on a plateau then and still after "
        f"{long} epochs.",
        Fold("Why weights must be random, and whether their distribution and the biases matter"),
        "Nodes that start alike stay alike. From all zeros {zeros-converge:%} of the networks learn. Sigmoid "
        "nodes of one layer all get the same gradient (the largest relative difference is "
        "{zeros-sigmoid-gradients-apart}). In a ReLU network no weight moves at all: the largest is still "
        "{zeros-relu-largest-weight}.",
        "Uniform or normal weights of the same spread make no certain difference: the largest is "
        "{law:points}, and its verdict is open. Biases, which the handout leaves out “for simplicity”, "
        "matter more. They raise the share of sigmoid networks that learn by {xor-biases:points} on XOR, "
        "and by {encoder-biases:points} on the 8-3-8 encoder.",
    ]
