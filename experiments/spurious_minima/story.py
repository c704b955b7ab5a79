"""The story of the experiment on spurious minima."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Thirteen ReLU neurons imitate thirteen others. The share of the runs that end in a true local minimum "
    "instead:",
    "descent-gets-stuck",
    "table",
)


def story(data: xr.DataTree) -> Story:
    """Tell of local minima that descent falls into, how one can be sure, and what was published."""
    cells = data["cells"].to_dataset()
    largest, runs = int(cells["k"].max()), int(cells["runs"].max())
    return [
        "On XOR, local minima were hard to find. Safran and Shamir (2018) have an example that is full of "
        "them, and it could hardly be simpler. Some ReLU neurons imitate as many others, whose weights are "
        "fixed, on inputs from a normal distribution. A perfect answer exists: copy them. Nothing is random "
        f"but the start, since the average over all inputs is known exactly. Yet with {largest} neurons "
        f"{{descent-gets-stuck:%}} of {runs:,} runs do not find it. They end in a spurious minimum, lowest "
        "in its neighbourhood but not of all, and the more neurons there are, the more often.",
        Show("table"),
        Fold("How can one be sure that such a run is not on a plateau or at a saddle?"),
        "Each one is followed until its gradient is all but 0; the longest left is "
        "{spurious-ends-stationary}. Then the eigenvalues of the Hessian, the matrix of second derivatives, "
        "tell how the loss curves. The smallest at any of these ends is {spurious-ends-strict}, above 0: "
        "every way out leads up. Every run ends at the global minimum or in a point that is certified like "
        "this, but for {unsettled-runs:%} of them.",
        Fold("Does it agree with the published table?"),
        "The published table is reproduced. Over its eight rows χ², the squared distances in standard "
        "errors, adds up to {share-published} from the shares of 2018 and to {share-published-2021} from "
        "those of 2021; chance alone would give about eight.",
    ]
