"""The story of the experiment on digits."""

import xarray as xr

from experiments.digits.findings import EARLY, POOR
from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "From large initial weights, some networks never answer one digit. Squared error has more such failures "
    "than cross-entropy, by:",
    "squared-error-minus-cross-entropy:points",
    "accuracy",
)


def story(data: xr.DataTree) -> Story:
    """Say which seeds lose a digit, why, and what becomes of them; then weights, batches and stopping."""
    starts, updates = data["starts"].to_dataset(), data["updates"].to_dataset()
    seeds, epochs, poor = starts.sizes["seed"], starts.sizes["epoch"] - 1, f"{100 * POOR:.0f} %"
    few = updates.attrs["epochs"]
    mnist = [Fold("The same on MNIST"), Show("mnist")] if "mnist" in data.children else []
    return [
        f"After {epochs} epochs some networks that read digits never answer 7, however plain it is; others "
        f"had lost a digit, too, but found it again. Here {seeds} networks start from N(0, 1) weights, which "
        f"are large. With squared error the share that ends below {poor} test accuracy is "
        "{squared-error-minus-cross-entropy:points} higher than with cross-entropy. Ending so low nearly "
        "always means never answering some digit: the two disagree for {poor-without-lost-digit:%} of the "
        "seeds.",
        Show("accuracy"),
        "Why? Each digit has an output node, which should say 1 on that digit. Large weights can make a "
        "node say 0 on every row. For squared error its δ holds the factor a(1 − a), the sigmoid's slope, "
        "which is next to 0 just where the node is most wrong: on the rows of a lost digit δ is "
        "{lost-digit-delta}. Cross-entropy's δ is y − a, nearly 1 there.",
        Show("lost"),
        Fold("Is a silent node lost for good?"),
        f"We guessed that it is, but it is not: of the nodes that are silent after {EARLY} epochs, "
        f"{{silent-nodes-heard:%}} are heard by epoch {epochs}. Yet the initial weights matter a great deal. "
        f"With the rows in another order, the share that ends below {poor} is {{poor-in-other-order:points}} "
        "higher among the seeds that did so before than among the others.",
        Fold("Do minima “vary substantially”, as the handout says?"),
        "From N(0, 1) weights they do: the loss of bad seeds is {loss-spread-normal} times that of good ones "
        "(the 95th and the 5th of 100). From LeCun's smaller weights they hardly do ({loss-spread-lecun} "
        "times), and the median seed reads {lecun-accuracy:%} of the test digits right. A few of these "
        "mislead nearly all seeds.",
        Show("misread"),
        Fold("How often to update, and when to stop?"),
        f"After {few} epochs, one update per epoch, from all rows, changes accuracy by "
        "{all-rows-minus-ten:points} against one update every ten rows. After equally many updates it is "
        "{all-rows-as-many-updates:points} ahead: small batches save rows, not updates. Stopping once the "
        "validation loss no longer falls costs next to nothing ({stopping-plateau:points}).",
        *mnist,
    ]
