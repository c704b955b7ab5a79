"""What the vanishing-gradients experiment tells its reader."""

import xarray as xr

from experiments.runner.experiment import Card, Show, Story

CARD = Card(
    "Through 50 sigmoid layers next to nothing of δ, the error signal, arrives; ReLU with fitting weights "
    "keeps most. Sigmoid:",
    "negligible-sigmoid-lecun-normal",
    "birth",
)


def story(data: xr.DataTree) -> Story:
    """A deep sigmoid network learns nothing: why, from which depth on, and what helps."""
    epochs, stalled = (data[name].sizes["epoch"] - 1 for name in ("digits", "stall"))
    layers, deep = data["birth"].sizes["layer"], data["stall"].sizes["layer"]
    helped = [Show("remedies")] if "remedies" in data.children else []
    return [
        f"Give a network of five sigmoid layers {epochs} epochs on handwritten digits, and it learns "
        "nothing. Its loss ends at {five-layers-sigmoid} times that of the best constant answer, which "
        "never looks at the picture. A ReLU network of the same shape is {remedy-relu-he:points} more "
        "accurate on test digits. Nothing crashes, and no formula is wrong. What is missing?",
        "Blame is missing. Backpropagation hands δ down from the output, and each layer multiplies it by "
        "weights and by the slope of the activation. A sigmoid's slope is at most a quarter. With LeCun's "
        "initial weights, the usual ones for sigmoid nodes, a layer leaves {one-below-sigmoid-lecun-normal} "
        f"of δ's length, just as mean-field theory says. This compounds: at the bottom of {layers} layers "
        "{negligible-sigmoid-lecun-normal:value} is left, far too little to change a float32 weight. A "
        "ReLU's slope is 0 or 1. With He's weights, whose variance is doubled to make up for the nodes that "
        "are off, {negligible-relu-he-normal} arrives.",
        Show("birth"),
        "How many layers are too many? Schoenholz and others (2017) expect a network to learn if it has at "
        "most six times as many hidden layers as a signal needs to fade. For these sigmoid networks that "
        f"makes two. On the digits the first depth tried that is not learnt within {epochs} epochs has "
        "{digits-first-depth-not-learnt-sigmoid} layers, three of them hidden, as the rule says. On Iris "
        "the verdict is open. ReLU learns at every depth tried.",
        Show("depths"),
        "What helps? Almost anything that lets blame through or makes up for its loss. Against the five "
        "sigmoid layers, tanh gains {remedy-tanh:points} of test accuracy, Adam, which rescales each "
        "weight's step, {remedy-adam:points}, and larger initial weights "
        "{remedy-normal-0-1-initial-weights:points}. Leaving out the biases gains "
        "{remedy-without-biases:points}: they were not to blame.",
        *helped,
        f"But ReLU by itself is no cure. After {stalled} epochs, {deep} ReLU layers that started from He's "
        "weights have a loss of {stall-he-normal} per row. From Glorot's, which have half the variance "
        "here, no seed is then even a tenth below the best constant answer.",
    ]
