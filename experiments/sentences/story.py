"""The story of the handout's other sentences."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Are weight changes into hidden nodes “even smaller”? Weight by weight, in this share of cases:",
    "even-smaller-all-pairs:%",
    "even_smaller",
)


def story(data: xr.DataTree) -> Story:
    """Tell the story of smaller changes, larger contributions, stable states, momentum and Figure 3."""
    return [
        "δ is smaller at the hidden node, and “this means that the weight changes from the input nodes to "
        "the hidden nodes will be even smaller”. It does not: a change is α · δ · activation, and the "
        "inputs are 1, 3 and 5, while activations of hidden nodes are below 1.",
        Show("even_smaller"),
        "The mean change into the hidden nodes is smaller than that into the output in "
        "{even-smaller-mean:%} of random networks; a single weight's, in {even-smaller-all-pairs:%} of the "
        "cases; that of the weight from x₃ = 5, in {even-smaller-x3:%}. On the row (0.2, 0.6, 1) the last "
        "share is {even-smaller-small-inputs:points} higher: the sentence holds where inputs "
        "are no larger than activations.",
        Fold("Do weights change most that contribute most, and should one stop when the loss is stable?"),
        "Do large activations change more “as they ‘contribute’ more to the prediction”? The weight that "
        "contributes most, by |a · w|, changes most in {larger-contribution:%} of the networks: a change "
        "knows the activation, not the weight.",
        "Should one stop once the loss “reaches a stable state”? XOR is the classic test: of two inputs, 0 "
        "or 1, the output should say whether they differ. On it, at rate 0.5, of the networks that "
        "would be stopped before they have learnt, {plateau-rate-0-5:%} were on a plateau and would have "
        "learnt.",
        Fold("Is there a place like the side valley of Figure 3?"),
        "Figure 3 draws a ball in a side valley. Is there such a place? Here is one. Its slope is 0, all "
        "its curvatures are positive, and its loss is {figure-3-loss} above that of the global minimum.",
        Show("figure_3"),
    ]
