"""What the report tells of XOR's map."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "At a large learning rate the border between what learns XOR and what does not is a fractal, of "
    "dimension:",
    "dimension-large-rate",
    "planes",
)


def story(data: xr.DataTree) -> Story:
    """Tell it in paragraphs and figures."""
    planes = data["planes"].to_dataset()
    networks = f"{planes['level'].size + data['wall']['level'].size:,}"
    return (
        "Every seed is a point in the space of initial weights, and training takes each point somewhere. "
        "What does the map look like? Two weights of the 2-2-1 network, x₁ → h₁ and x₂ → h₂, are varied over "
        f"a plane; the other seven parameters stay as one seed drew them. {networks} networks are trained on "
        "XOR in all; each dot of a picture is one of them.",
        Show("planes"),
        "At learning rate 1 whole regions learn, and lines divide them from those that do not. Boxes counted "
        "along such a border give a dimension of {dimension-small-rate}, where a smooth line has 1 (a circle "
        "drawn on as many cells gets {dimension-circle}). Sohl-Dickstein (2024) found the border between "
        "training that converges and training that diverges to be a fractal in all networks that he tried. "
        "Here nothing diverges, since a sigmoid output bounds the error; but at rate 10 the border between "
        "learning and not learning has dimension {dimension-large-rate}, and through a window 64 times "
        "narrower still {dimension-large-rate-closer}.",
        "The handout says that other initial weights lead to other minima. At a small rate nearly the same "
        "start nearly always leads to the same end; at a large one it need not.",
        Show("wall"),
        Fold("The border, seen closer, and how its boxes are counted"),
        Show("closer"),
        Show("boxes"),
        Fold("Are there cliffs?"),
        "Kolen and Pollack (1990) trained 200 × 200 networks over such a plane, up to 200 epochs each, and "
        "called the borders fractal-like, without measuring a dimension. Kolen later described cliffs: one "
        "network learns at once, its neighbour not within any time that one is willing to wait. Of "
        "neighbours on the map of which one has learnt and the other has not, the other takes more than ten "
        "times as long, or never learns, in {cliff-small-rate:%} of the pairs at rate 1 and in "
        "{cliff-large-rate:%} at rate 10.",
    )
