"""The walkthrough's story."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "The handout prints δ = 0.02473567 for its hidden node, two and a half times the true value:",
    "hidden-delta",
    "backward",
)


def story(data: xr.DataTree) -> Story:
    """Say what is right in the handout, what is wrong, and why."""
    return [
        "Every number in the handout is right up to the output's δ, {output-delta}, and the new weight of h₁ "
        "→ o. The first wrong numbers belong to the hidden node h₁. “We sum over all the δ · weight for the "
        "output node”, says the text. It adds four products: one for h₁ and three for its siblings h₂ to h₄.",
        Show("backward"),
        "But a node answers only for its own link to the output. So the sum has one term, 0.192 × 0.8 = "
        "{hidden-sum}, with the weight as it was before its update; times the slope a(1 − a) of h₁ that "
        "makes δ = {hidden-delta}. (With several outputs one would sum over those.) “Rules of blame”, below, "
        "asks whether it matters.",
        Fold("A second slip, and the evidence for it"),
        "The second slip is smaller: the text sends δ back through the weight that it has just updated, "
        "0.8017873, instead of the 0.8 with which the prediction was made. The printed rule, followed "
        "exactly, gives every printed digit: the rule is at fault, not the calculation.",
        Fold("The first exercise: what happens to δ when the output changes?"),
        Show("delta"),
        "Close to the label, δ goes to 0, as it should. δ also goes to 0 where the node is completely wrong, "
        "since the slope a(1 − a) vanishes there: a sigmoid that is sure of the wrong answer hardly learns. "
        "If the label is 1, it learns most at an activation of 1/3, with δ = {delta-largest}.",
    ]
