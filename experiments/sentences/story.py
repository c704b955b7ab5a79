"""The story of the handout's other sentences."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Are weight changes into hidden nodes “even smaller”? Share of single weights for which this holds:",
    "even-smaller-all-pairs:%",
    "even_smaller",
)


def story(data: xr.DataTree) -> Story:
    """Tell the story of smaller changes, larger contributions, stable states, momentum and Figure 3."""
    return [
        "δ is smaller at the hidden node, and “this means that the weight changes from the input nodes to "
        "the hidden nodes will be even smaller”. In the handout's example this is true. But it does not "
        "follow from a smaller δ: a weight change is α · δ · activation, hidden activations are below 1, and "
        "the inputs are 1, 3 and 5.",
        Show("even_smaller"),
        "In {even-smaller-mean:%} of random networks the mean change into the hidden nodes is smaller than "
        "the mean change into the output. The change of a single weight is smaller in only "
        "{even-smaller-all-pairs:%} of the cases, and the change of the weight from x₃ = 5 in "
        "{even-smaller-x3:%}. With inputs of 0.2, 0.6 and 1 this last share is "
        "{even-smaller-small-inputs:points} higher: the sentence holds more often where inputs are small.",
        Fold("Do the weights that contribute most change most, and should one stop when the loss is stable?"),
        "Do the weights of large activations change more “as they ‘contribute’ more to the prediction”? The "
        "weight that contributes most, by |a · w|, changes most in {larger-contribution:%} of the networks: "
        "a weight's change depends on the activation, not on the weight itself.",
        "Should one stop once the loss “reaches a stable state”? XOR is the classic test: given two inputs, "
        "each 0 or 1, the output should say whether they differ. Of the networks that would be stopped "
        "before they have learnt XOR, at rate 0.5, {plateau-rate-0-5:%} were only on a plateau and would "
        "have learnt.",
        Fold("Is there a place like the side valley of Figure 3?"),
        "Figure 3 draws a ball in a side valley. The loss of a real network can have such a valley, as this "
        "figure shows. At its lowest point the slope is 0, all curvatures are positive, and the loss is "
        "{figure-3-loss} above the global minimum.",
        Show("figure_3"),
    ]
