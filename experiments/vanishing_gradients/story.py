"""The story of the vanishing-gradients experiment."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Through 50 sigmoid layers almost none of δ, the error signal, survives; with suitable weights, ReLU "
    "keeps most. Sigmoid:",
    "negligible-sigmoid-lecun-normal",
    "birth",
)


def story(data: xr.DataTree) -> Story:
    """Tell why a deep sigmoid network learns nothing, from which depth on, and what helps."""
    epochs, stalled = (data[name].sizes["epoch"] - 1 for name in ("digits", "stall"))
    layers, deep = data["birth"].sizes["layer"], data["stall"].sizes["layer"]
    helped = [Show("remedies")] if "remedies" in data.children else []
    return [
        f"Give a network of five sigmoid layers {epochs} epochs on handwritten digits, and it learns "
        "nothing: its loss ends at {five-layers-sigmoid} times that of the best constant answer, which "
        "ignores the picture. A ReLU network of the same shape is {remedy-relu-he:points} more "
        "accurate. No formula is wrong. What is missing?",
        "Blame is missing. Backpropagation hands δ down from layer to layer, each time multiplied by "
        "weights and by the activation's slope. A sigmoid's slope is at most a quarter, and with LeCun's "
        "initial weights, the usual ones for sigmoid nodes, a layer leaves {one-below-sigmoid-lecun-normal} "
        f"of δ's length, just as mean-field theory says. At the bottom of {layers} layers "
        "{negligible-sigmoid-lecun-normal:value} is left, far too little to change a float32 weight. A "
        "ReLU's slope is 0 or 1, and with He's weights, of twice the variance, {negligible-relu-he-normal} "
        "arrives.",
        Show("birth"),
        "What helps? Almost anything that lets blame through or makes up for its loss. Against the five "
        "sigmoid layers, tanh gains {remedy-tanh:points} of accuracy, Adam, which rescales each weight's "
        "step, {remedy-adam:points}, and larger initial weights {remedy-normal-0-1-initial-weights:points}. "
        "Leaving out the biases gains {remedy-without-biases:points}: they were not to blame.",
        Fold("How many layers are too many?"),
        "Let ξ be the number of layers over which |δ|² falls by the factor e. Schoenholz and others (2017) "
        "say that 6 ξ hidden layers can be trained, which is two here. On the "
        f"digits the first depth tried that is not learnt within {epochs} epochs has "
        "{digits-first-depth-not-learnt-sigmoid} layers, three of them hidden, as the rule says. On Iris the "
        "verdict is open. ReLU learns at every depth tried.",
        Show("depths"),
        Fold("How much each remedy helps, and why ReLU alone is no cure"),
        *helped,
        f"ReLU by itself is no cure. After {stalled} epochs, {deep} ReLU layers with He's weights have "
        "a loss of {stall-he-normal} per row. With Glorot's, of half that variance here, no seed's loss is "
        "even a tenth below the best constant answer's.",
    ]
