"""The story of the rules of blame."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Fewer networks learn XOR by the rule that the handout prints than by backpropagation:",
    "xor-printed:points",
    "cost",
)


def story(data: xr.DataTree) -> Story:
    """Say whether the slip matters: on XOR it does, and the angle does not show it."""
    return [
        "The handout's δ of a hidden node is wrong. Does it matter? Four rules train the same networks: "
        "backpropagation; the rule as printed, which sums over the siblings; the rule in code that the "
        "handout's author published elsewhere, in which the weight enters twice and so loses its sign; and "
        "fixed random feedback, known from brain research.",
        Show("cost"),
        "Compared with backpropagation the printed rule changes the share that learns XOR by "
        "{xor-printed:points} and the accuracy on digits by {digits-printed:points}. On Iris the change is "
        "so small, {iris-printed:points}, that nobody would notice: a wrong rule survives because many tasks "
        "are easy enough for it.",
        Fold("Is a rule bad if it points away from the gradient?"),
        "On the handout's own row the printed rule moves the first layer of {uphill-handout-printed:%} of "
        "random networks uphill; the author's code and random feedback do so to half of them.",
        Show("angles"),
        "Yet networks learn by the author's code and by random feedback. While a network trains with fixed "
        "random feedback, its weights turn until blame points the right way: on Iris its cosine with the "
        "gradient rises by {feedback-aligns}, as Lillicrap and others found in 2016.",
    ]
