"""The story of the experiment on initial weights."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Up to learning rate 3, large initial weights get more XOR networks stuck. At rate 4 the difference is:",
    "xor-range-stuck-rate-4:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """Say that the best range depends on the rate, which networks never learn, and what matters."""
    by_rate = data["rates"].to_dataset()
    small, *_, large = by_rate["range"].values
    short, long = (f"{epochs:,}" for epochs in by_rate["epochs"].values)
    return [
        "Are large initial weights bad? We guessed that large weights leave more XOR networks stuck on a "
        "plateau, where two or three of the four rows get their mean as the answer (an SSE of ½ or ⅔) and "
        "descent makes no headway. At learning rate 2 they do: the share that is stuck is "
        f"{{xor-range-stuck-rate-2:points}} higher from uniform weights between −{large:g} and {large:g} "
        f"than from those between −{small:g} and {small:g}; rates 1 and 3 give the same answer. But "
        "at rate 4 the difference is {xor-range-stuck-rate-4:points}: small weights get stuck more often. No "
        "range is good or bad at every rate.",
        Show("rates"),
        Fold("Are networks that do not learn stuck, or merely slow?"),
        f"Not every network that has not learnt is stuck. Of those that start from range {small:g} at "
        f"rate 2 and have not learnt XOR after {short} epochs, {{xor-range-slow:%}} are not on a plateau but "
        f"slow: at rate 3 the share that learns in that time is {{xor-range-rate:points}} higher. "
        f"From range {large:g}, {{xor-range-plateau}} of {by_rate.sizes['seed']:,} seeds are on a "
        f"plateau at that point, and still are after {long} epochs.",
        Fold("Why weights must be random, and whether their distribution and the biases matter"),
        "Nodes that start equal stay equal. From all zeros {zeros-converge:%} of the networks learn. All "
        "sigmoid nodes of one layer get the same gradient (the largest relative difference is "
        "{zeros-sigmoid-gradients-apart}). In a ReLU network no weight moves at all: in the end the largest "
        "is still {zeros-relu-largest-weight}.",
        "Whether weights of the same spread are uniform or normal makes no certain difference: the largest "
        "is {law:points}, and its verdict is open. Biases, which the handout leaves out “for simplicity”, "
        "matter more. They raise the share of sigmoid networks that learn by {xor-biases:points} on XOR, and "
        "by {encoder-biases:points} on the 8-3-8 encoder.",
    ]
