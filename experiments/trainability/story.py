"""What the report says about where training is possible."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Where δ vanishes at birth, networks deeper than six depth scales fail to learn. Share that fails:",
    "fails-beyond:%",
    "maps",
)


def story(data: xr.DataTree) -> Story:
    """Tell the story in paragraphs and figures."""
    maps = data["maps"]
    return (
        "A network may show before any training how deep it can be: where little of δ reaches the first "
        "layers, these layers can hardly learn. Theory for wide networks with random weights gives the depth "
        "scale ξ, the number of layers over which |δ|² changes by the factor e = 2.718. Schoenholz et al. "
        "(2017) say that networks can be trained to a depth of a few ξ. We try 6 ξ.",
        Show("maps"),
        f"After {maps.attrs['epochs']} passes over the rows, 6 ξ holds as a bound: where δ vanishes, "
        "{fails-beyond:%} of the networks deeper than 6 ξ fail. As a promise it is weaker: of the networks "
        "within 6 ξ, {trains-within:%} train.",
        Fold("Is six the right number?"),
        Show("scales"),
        "Where δ vanishes, networks train to {constant-sigmoid} ξ with sigmoid nodes, {constant-tanh} with "
        "tanh and {constant-relu} with ReLU. Such constants depend on how long one trains and on what counts "
        "as trained. Here a network counts as trained if its loss is at least a tenth below the best "
        f"constant answer's after {maps.attrs['epochs']} passes over 480 digits.",
        "The rule “at most 6 ξ hidden layers” is right on {share-sigmoid:%} of the map for sigmoid, "
        "{share-tanh:%} for tanh and {share-relu:%} for ReLU. Where δ explodes, {fails-exploding:%} of the "
        "networks deeper than 6 ξ fail. (Theory gives ξ = 1/|ln χ|, where χ is the factor by which |δ|² "
        "changes from layer to layer.)",
        Fold("Do orthogonal weights help?"),
        Show("orthogonal"),
        "At σ_w² = 1 tanh networks are balanced on average, but random Gaussian matrices still stretch some "
        "directions and shrink others; orthogonal matrices do not. Pennington et al. (2017) report that "
        "networks with orthogonal weights learn orders of magnitude faster. With the few layers tried here, "
        "Gaussian weights need {orthogonal-speed} times as many epochs as orthogonal ones. Saxe et al. "
        "(2014) report that depth costs linear networks no time if they start from orthogonal weights. Our "
        "deepest linear networks need {linear-depth} times as many updates as the shallowest, each at its "
        "best rate.",
    )
