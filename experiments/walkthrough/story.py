"""The walkthrough's story."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "The handout gives its hidden node the δ 0.02473567, two and a half times too much. The true one:",
    "hidden-delta",
    "backward",
)


def story(data: xr.DataTree) -> Story:
    """Tell what is right, what is wrong, and why."""
    return [
        "Up to the output's δ, {output-delta}, and the new weight of h₁ → o, every number in the handout is "
        "right. Then comes the hidden node h₁. “We sum over all the δ · weight for the output node”, says "
        "the text, and adds four products: one for h₁, and one for each of its siblings.",
        Show("backward"),
        "But a node answers for its own link to the output, and for no other. So the sum has one term, "
        "0.192 × 0.8 = {hidden-sum}, and δ of h₁ is {hidden-delta}. (With several outputs one would sum "
        "over them, the successors of h₁.) Whether it matters is the question of “Rules of blame”, below.",
        Fold("A second slip, and how one can tell"),
        "The second slip is smaller: the text sends δ back through the weight that it has just updated, "
        "0.8017873, instead of the 0.8 that made the prediction. The printed rule, followed exactly, gives "
        "every printed digit: the rule is at fault, not the calculation.",
        Fold("The first exercise: what happens to δ when the output changes?"),
        Show("delta"),
        "Close to the label δ goes to 0, as it should. It also goes to 0 where the node is completely "
        "wrong, since the slope a(1 − a) vanishes there: a sigmoid that is sure of the wrong answer hardly "
        "learns. It learns most, with δ = {delta-largest}, at an activation of 1/3.",
    ]
