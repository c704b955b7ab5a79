"""The story of the experiment on digits."""

import xarray as xr

from experiments.digits.example import example
from experiments.digits.findings import EARLY, POOR
from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "From large initial weights, some networks never answer one digit. Squared error has more such failures "
    "than cross-entropy, by:",
    "squared-error-minus-cross-entropy:points",
    "accuracy",
)


def story(data: xr.DataTree) -> Story:
    """Say which seeds lose a digit, why, and what becomes of them; report on weights, batches, stopping."""
    starts, updates = data["starts"].to_dataset(), data["updates"].to_dataset()
    seeds, epochs, poor = starts.sizes["seed"], starts.sizes["epoch"] - 1, f"{100 * POOR:.0f} %"
    few = updates.attrs["epochs"]
    mnist = [Fold("The same on MNIST"), Show("mnist")] if "mnist" in data.children else []
    return [
        "Some networks that read digits never answer one of them, however plain it is. After "
        f"{epochs} epochs {_example(starts)}",
        Show("answers"),
        f"Of {seeds} networks that start from N(0, 1) weights, which are large, the share that ends below "
        f"{poor} test accuracy is {{squared-error-minus-cross-entropy:points}} higher with squared error "
        "than with cross-entropy. Ending so low nearly always means never answering some digit: the two "
        "disagree for {poor-without-lost-digit:%} of the seeds.",
        "Why? Each digit has an output node, which should say 1 on that digit. Large weights can make a "
        "node say 0 on every row. For squared error its δ holds the factor a(1 − a), the sigmoid's slope, "
        "which is next to 0 just where the node is most wrong: on the rows of a lost digit δ is "
        "{lost-digit-delta}. For cross-entropy δ is y − a, which is nearly 1 on such rows.",
        Show("lost"),
        Fold("Is a silent node lost for good?"),
        Show("accuracy"),
        f"We guessed that it is, but we were wrong: of the nodes that are silent after {EARLY} epochs, "
        f"{{silent-nodes-heard:%}} are heard by epoch {epochs}. Yet the initial weights matter a great deal. "
        f"With the rows in another order, the share that ends below {poor} is {{poor-in-other-order:points}} "
        "higher among the seeds that did so before than among the others.",
        Fold("Do minima “vary substantially”, as the handout says?"),
        "From N(0, 1) weights they do: the loss of bad seeds is {loss-spread-normal} times that of good ones "
        "(the 95th and the 5th of 100). From LeCun's smaller weights they hardly do ({loss-spread-lecun} "
        "times), and the median seed reads {lecun-accuracy:%} of the test digits right. A few test "
        "digits mislead nearly all seeds.",
        Show("misread"),
        Fold("How often should one update, and when should one stop?"),
        f"After {few} epochs, one update per epoch, from all rows, changes accuracy by "
        "{all-rows-minus-ten:points} against one update every ten rows. After equally many updates it is "
        "{all-rows-as-many-updates:points} ahead: small batches save rows, not updates. Stopping once the "
        "validation loss no longer falls costs next to nothing ({stopping-plateau:points}).",
        *mnist,
    ]


def _example(starts: xr.Dataset) -> str:
    """Say what the figure of the answers shows."""
    _, digit = example(starts)
    if digit is None:
        return "none of these networks has lost just one digit that cross-entropy kept."
    return (
        f"the one below that was trained with squared error takes every {digit} for another digit. Its twin "
        "started from the same weights, was trained with cross-entropy, and lost no digit."
    )
