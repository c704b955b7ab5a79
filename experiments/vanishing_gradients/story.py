"""The story of the vanishing-gradients experiment."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "ReLU can carry most of δ, the error signal, through 50 layers. Sigmoid nodes leave this share of it:",
    "negligible-sigmoid-lecun-normal",
    "birth",
)


def story(data: xr.DataTree) -> Story:
    """Explain why a deep sigmoid network learns nothing, from which depth on, and what helps."""
    epochs, iris, stalled = (data[name].sizes["epoch"] - 1 for name in ("digits", "iris", "stall"))
    layers, deep = data["birth"].sizes["layer"], data["stall"].sizes["layer"]
    helped = [Show("remedies")] if "remedies" in data.children else []
    return [
        f"In {epochs} epochs on handwritten digits a network of five sigmoid layers learns nothing: its loss "
        "ends at {five-layers-sigmoid} times that of the best constant answer, the same for every picture. A "
        "ReLU network of the same shape is {remedy-relu-he:points} more accurate. Why?",
        "Backpropagation hands δ down from layer to layer, each time multiplied by weights and by the "
        "activation's slope. A sigmoid's slope is at most a quarter; with LeCun's initial weights, usual for "
        "sigmoid nodes, a step leaves {one-below-sigmoid-lecun-normal} of δ's length. After the "
        f"{layers - 1} steps through {layers} layers {{negligible-sigmoid-lecun-normal:value}} is left, too "
        "little to change a float32 weight. A ReLU's slope is 0 or 1, and with He's weights, of twice the "
        "variance, {negligible-relu-he-normal} arrives.",
        Show("birth"),
        "What helps? Anything that lets blame through or makes up for its loss. Five sigmoid layers gain "
        "{remedy-tanh:points} of accuracy if tanh replaces the sigmoid, {remedy-adam:points} from Adam, "
        "which rescales each weight's step (on XOR, a different task, it does worse than plain descent), and "
        "{remedy-normal-0-1-initial-weights:points} from N(0, 1) weights, eight times as large as LeCun's. "
        "Leaving out the biases gains {remedy-without-biases:points}: they are not the cause.",
        Fold("How many layers are too many?"),
        "Let ξ be the number of layers over which |δ|² falls by the factor e. Schoenholz and others (2017) "
        "say that 6 ξ hidden layers can be trained, which is two here. On the digits the first depth tried "
        f"that is not learnt within {epochs} epochs has {{digits-first-depth-not-learnt-sigmoid}} layers, "
        f"three of them hidden, as the rule says. On Iris, within {iris} epochs, the verdict is open. ReLU "
        "learns at every depth tried.",
        Show("depths"),
        Fold("How much each remedy helps, and why ReLU alone is no cure"),
        *helped,
        f"ReLU by itself is no cure. After {stalled} epochs, {deep} ReLU layers with He's weights have "
        "a loss of {stall-he-normal} per row. With Glorot's, of half that variance here, no seed's loss is "
        "even a tenth below the best constant answer's.",
    ]
