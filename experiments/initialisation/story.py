"""What the experiment on initial weights tells its reader."""

import xarray as xr

from experiments.runner.experiment import Card, Show, Story

CARD = Card(
    "Large initial weights get more XOR networks stuck up to rate 3. At rate 4 they change the share by:",
    "xor-range-stuck-rate-4:points",
    "rates",
)


def story(data: xr.DataTree) -> Story:
    """The range depends on the rate; stuck is not slow; zeros never learn; biases matter."""
    by_rate = data["rates"].to_dataset()
    small, *_, large = by_rate["range"].values
    short, long = (f"{epochs:,}" for epochs in by_rate["epochs"].values)
    return [
        "Are large initial weights bad? We guessed so: on XOR they should leave more networks stuck on a "
        "plateau, where the loss is so flat that descent makes no headway. At learning rate 2 they do. From "
        f"uniform weights between −{large:g} and {large:g} the share that is stuck is "
        f"{{xor-range-stuck-rate-2:points}} higher than from those between −{small:g} and {small:g}, and "
        "rates 1 and 3 show the same. At rate 4 the difference is {xor-range-stuck-rate-4:points}: now the "
        "small weights get stuck more often. The guess is refuted: no range is good or bad without the rate.",
        Show("rates"),
        f"A network that has not learnt is not always stuck. From range {small:g} at rate 2, "
        f"{{xor-range-slow:%}} of the networks that have not learnt XOR after {short} epochs are on no "
        "plateau. They are slow: at rate 3 the share of the same seeds that learn it in that time is "
        f"{{xor-range-rate:points}} higher. From range {large:g}, {{xor-range-plateau}} of "
        f"{by_rate.sizes['seed']:,} seeds sit on a plateau after {short} epochs and still sit there after "
        f"{long}. Yet {{xor-sigmoid-sooner:%}} of the seeds learn sooner from the large range than from the "
        "small one.",
        "Why must weights be random at all? Because nodes that start alike stay alike. From all zeros "
        "{zeros-converge:%} of the networks learn. Sigmoid nodes of one layer get the same gradient, up to "
        "a relative difference of {zeros-sigmoid-gradients-apart}, and remain copies of each other. In a "
        "ReLU network activation and slope are both 0, and no weight moves: after training the largest is "
        "{zeros-relu-largest-weight}.",
        "Whether weights of the same spread are uniform or normal makes no certain difference: the largest "
        "is {law:points}, and its verdict is open. Biases, which the handout leaves out “for simplicity”, "
        "matter more. They raise the share of sigmoid networks that learn XOR by {xor-biases:points}, and "
        "by {encoder-biases:points} on the 8-3-8 encoder, which squeezes eight patterns through three "
        "hidden nodes.",
    ]
