"""What the report tells of where training is possible."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Where δ vanishes at birth, networks deeper than six depth scales fail to learn. Share that fails:",
    "fails-beyond:%",
    "maps",
)


def story(data: xr.DataTree) -> Story:
    """Tell it in paragraphs and figures."""
    maps = data["maps"]
    return (
        "Before any training a network already tells how much of δ reaches its first layers. For wide "
        "networks with random weights theory gives the factor χ by which |δ|² changes from layer to layer, "
        "and from it the number ξ = 1/|ln χ| of layers over which it changes by e. Schoenholz et al. (2017) "
        "say that networks can be trained just where signals travel, to a few ξ. If that holds, what "
        "vanishes at birth foretells what fails in training.",
        Show("maps"),
        f"Each network had {maps.attrs['epochs']} passes over 480 digits, and counts as trained if its loss "
        "falls a tenth below the best constant answer's. The rule “at most 6 ξ hidden layers” is right on "
        "{share-sigmoid:%} of the map for sigmoid, {share-tanh:%} for tanh and {share-relu:%} for ReLU. "
        "Where δ vanishes, {fails-beyond:%} of the networks that are deeper than 6 ξ fail, and "
        "{trains-within:%} of the others train. Where δ explodes beyond 6 ξ, {fails-exploding:%} fail.",
        Fold("Is six the right number?"),
        Show("scales"),
        "As a bound 6 ξ is safer than as a promise. Where δ vanishes, networks train to {constant-sigmoid} ξ "
        "with sigmoid nodes, {constant-tanh} with tanh and {constant-relu} with ReLU. Such constants hang on "
        "how long one trains and on what counts as trained.",
        Fold("Do orthogonal weights help?"),
        Show("orthogonal"),
        "At σ_w² = 1 tanh networks are balanced on average, but random Gaussian matrices still stretch some "
        "directions and shrink others; orthogonal ones do not. Pennington et al. (2017) report that such "
        "networks learn orders of magnitude faster. With the few layers tried here, Gaussian weights need "
        "{orthogonal-speed} times as many epochs as orthogonal ones. Saxe et al. (2014) report that depth "
        "costs linear networks no time if they start from orthogonal weights: the deepest here need "
        "{linear-depth} times as many updates as the shallowest, each at its best rate.",
    )
