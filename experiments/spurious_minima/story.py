"""The story of the experiment on spurious minima."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "Thirteen ReLU neurons learn to imitate thirteen others. The share of runs that end in a local minimum "
    "instead:",
    "descent-gets-stuck",
    "table",
)


def story(data: xr.DataTree) -> Story:
    """Tell which local minima descent falls into, how one can be sure, and what was published."""
    cells = data["cells"].to_dataset()
    largest, runs = int(cells["k"].max()), int(cells["runs"].max())
    return [
        "On XOR no local minimum was found. Safran and Shamir (2018) have a simple example that is full of "
        "them. Some ReLU neurons learn to imitate an equal number of others, whose weights are fixed, on "
        f"inputs from a normal distribution. A perfect answer exists: copy them. Yet with {largest} neurons "
        f"{{descent-gets-stuck:%}} of {runs:,} runs end in a spurious minimum, the lowest point in its "
        "neighbourhood but not the lowest of all.",
        Show("table"),
        Fold("How can one be sure that such a run is not on a plateau or at a saddle?"),
        "Nothing is random but the start, since the average over all inputs is known exactly. Each run is "
        "followed until its gradient is almost 0; the longest that is left is {spurious-ends-stationary}. "
        "Then the eigenvalues of the Hessian, the matrix of second derivatives, tell how the loss curves. "
        "The smallest at any of these ends is {spurious-ends-strict}, above 0: every way out leads up. Every "
        "run ends at the global minimum or in a point that is certified like this, but for "
        "{unsettled-runs:%} of them.",
        Fold("Does it agree with the published table?"),
        "Yes. Over its eight rows the squared distances in standard errors add up to a χ² of "
        "{share-published} from the shares of 2018 and of {share-published-2021} from those of 2021; chance "
        "alone would give about eight.",
    ]
