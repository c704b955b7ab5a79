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
    """Say which local minima descent falls into, how one can be sure, and what was published."""
    cells = data["cells"].to_dataset()
    largest, runs = int(cells["k"].max()), int(cells["runs"].max())
    return [
        "On XOR no local minimum was found. Safran and Shamir (2018) give a simple example that is full of "
        "local minima. Some ReLU neurons learn to imitate an equal number of others, whose weights are "
        "fixed, on inputs from a normal distribution. A perfect answer exists, a copy of the fixed neurons. "
        f"Yet with {largest} neurons {{descent-gets-stuck:%}} of {runs:,} runs end in a spurious minimum, "
        "the lowest point in its neighbourhood but not the lowest of all.",
        Show("table"),
        Fold("How can one be sure that a run has ended in a minimum, and not on a plateau or at a saddle?"),
        "Nothing is random but the start, since the average over all inputs is known exactly. Each run is "
        "followed until its gradient is almost 0; the longest gradient left is {spurious-ends-stationary}. "
        "Then the eigenvalues of the Hessian, the matrix of second derivatives, show how the loss curves. "
        "The smallest eigenvalue at any of these ends is {spurious-ends-strict}, which is above 0: the loss "
        "rises in every direction. All runs except {unsettled-runs:%} end at the global minimum or in a "
        "point that is certified in this way.",
        Fold("Do these results agree with the published table?"),
        "Yes. Over the eight rows of that table the squared distances in standard errors add up to a χ² of "
        "{share-published} from the shares of 2018 and of {share-published-2021} from the shares of 2021; "
        "chance alone would give about eight.",
    ]
