"""What the report says about XOR's map."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "At a large learning rate, the border between networks that learn XOR and the others is a fractal of "
    "dimension:",
    "dimension-large-rate",
    "planes",
)


def story(data: xr.DataTree) -> Story:
    """Tell the story of the map in paragraphs and figures."""
    planes = data["planes"].to_dataset()
    networks = f"{planes['level'].size + data['wall']['level'].size:,}"
    zoom = int(planes["zoom"].values[-1])
    return (
        "Here is a map of initial weights. Two weights, x₁ → h₁ and x₂ → h₂, vary over a plane, and a seed "
        "determines the other seven parameters of the 2-2-1 network. Each dot is one network, trained on XOR."
        f" {networks} networks were trained: on {planes.sizes['seed']} planes at two learning rates, each "
        f"plane as a whole and through a window {zoom} times narrower, and on one plane in more detail.",
        Show("planes"),
        "At rate 1, the networks that learn fill whole regions of the plane. Boxes counted along the "
        "borders of these regions give a dimension of {dimension-small-rate}, not far from the 1 of a smooth "
        "line (a circle on as many cells gets {dimension-circle}), but the verdict is open. At rate 10 the "
        "dimension is {dimension-large-rate}, and "
        "{dimension-large-rate-closer} in the narrow window: a fractal.",
        "At rate 1, nearly equal initial weights nearly always lead to the same end. At rate 10, they may "
        "lead to different ends.",
        Show("wall"),
        Fold("A closer look at the border, and how its boxes are counted"),
        "Sohl-Dickstein (2024) found a fractal border between training that converges and training that "
        "diverges, in all networks that he tried. On this map nothing diverges, because a sigmoid output "
        "bounds the error.",
        Show("closer"),
        Show("boxes"),
        Fold("Are there cliffs?"),
        "Kolen and Pollack (1990) trained 200 × 200 networks over a similar plane, for up to 200 epochs "
        "each, and called the borders fractal-like, without measuring a dimension. Kolen later described "
        "cliffs: one network learns immediately, while its neighbour does not learn in any time that one is "
        "willing to wait. Among neighbours on the map of which one has learnt and the other has not, the "
        "latter takes more than ten times as long, or never learns, in {cliff-small-rate:%} of the pairs at "
        "rate 1 and in {cliff-large-rate:%} at rate 10.",
    )
