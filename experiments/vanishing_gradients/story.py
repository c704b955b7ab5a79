"""The story of the vanishing-gradients experiment."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "ReLU can carry most of δ, the error signal, through 50 layers. Sigmoid nodes let this share of δ "
    "through:",
    "negligible-sigmoid-lecun-normal",
    "birth",
)


def story(data: xr.DataTree) -> Story:
    """Explain why deep sigmoid networks learn nothing, at what depth this begins, and what helps."""
    epochs, iris, stalled = (data[name].sizes["epoch"] - 1 for name in ("digits", "iris", "stall"))
    layers, deep = data["birth"].sizes["layer"], data["stall"].sizes["layer"]
    helped = [Show("remedies")] if "remedies" in data.children else []
    return [
        f"In {epochs} epochs on handwritten digits a network of five sigmoid layers learns nothing: its loss "
        "ends at {five-layers-sigmoid} times that of the best constant answer, the same for every picture. A "
        "ReLU network of the same shape is {remedy-relu-he:points} more accurate. Why?",
        "Backpropagation passes δ down from layer to layer and multiplies it each time by weights and by the "
        "activation's slope. A sigmoid's slope is at most a quarter; with LeCun's initial weights, usual for "
        "sigmoid nodes, a step leaves {one-below-sigmoid-lecun-normal} of δ's length. After the "
        f"{layers - 1} steps through {layers} layers {{negligible-sigmoid-lecun-normal:value}} is left, too "
        "little to change a float32 weight. A ReLU's slope is 0 or 1, and with He's weights, of twice the "
        "variance, {negligible-relu-he-normal} arrives.",
        Show("birth"),
        "What helps? It helps to let blame through or to make up for its loss. Five sigmoid layers gain "
        "{remedy-tanh:points} of accuracy if tanh replaces the sigmoid, {remedy-adam:points} from Adam, "
        "which rescales each weight's step (on XOR, a different task, it does worse than plain descent), and "
        "{remedy-normal-0-1-initial-weights:points} from N(0, 1) weights, eight times as large as LeCun's.",
        Fold("How many layers are too many?"),
        "Let ξ be the number of layers over which |δ|² falls by a factor of e. Schoenholz and others (2017) "
        "say that 6 ξ hidden layers can be trained, which comes to two for this network. On the digits, the "
        f"shallowest network tried that does not learn within {epochs} epochs has "
        "{digits-first-depth-not-learnt-sigmoid} layers, three of them hidden, as the rule says. On Iris, "
        f"the verdict after {iris} epochs is open. ReLU learns at every depth tried.",
        Show("depths"),
        Fold("How much each remedy helps, and why ReLU alone is no cure"),
        "Leaving out the biases gains {remedy-without-biases:points} of accuracy: they are not the cause.",
        *helped,
        f"ReLU by itself is no cure. After {stalled} epochs, {deep} ReLU layers with He's weights have "
        "a loss of {stall-he-normal} per row. Glorot's weights have half the variance of He's in this "
        "network, and with them, whatever the seed, the loss does not fall even a tenth below that of the "
        "best constant answer.",
    ]
