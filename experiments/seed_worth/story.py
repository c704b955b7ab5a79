"""What the report says about the worth of a seed."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story
from experiments.runner.mnist import MNIST

CARD = Card(
    "One flipped bit changes hardly any answers unless training is chaotic; then, relative to another seed, "
    "it changes:",
    "bit-large:%",
    "apart",
)


def story(data: xr.DataTree) -> Story:
    """Tell the story in paragraphs and figures."""
    usual, large = (data[name].attrs["rate"] for name in ("usual", "large"))
    return (
        "Two people train the same network on the same digits and get different accuracies, because their "
        "seeds differ: a seed determines the initial weights and the order of the rows. In this library the "
        "same seed always gives the same bits, so even the effect of one flipped bit can be followed.",
        Show("apart"),
        "At a usual learning rate one flipped bit changes next to nothing, and at a large rate it changes "
        f"less than another seed does. It changes {{bit-usual:%}} as many answers as that seed at rate "
        f"{usual:g}, and {{bit-large:%}} as many at {large:g}, where the loss jumps and training is chaotic. "
        "Summers and Dinneen (2021) found that in networks thousands of times larger, flipping one bit had "
        "as much effect as changing anything else that depends on the seed.",
        Fold("Is the same true on XOR, and does the difference grow as calculus predicts?"),
        "On XOR a flipped bit changes {bit-xor-usual:%} as many final answers as another seed does at rate "
        "1, and {bit-xor-large:%} at rate 10.",
        "An infinitely small difference that is carried through the derivative of every step grows at a rate "
        "called the Lyapunov exponent of training. The effect of the flipped bit follows the same course, "
        "although derivatives ignore rounding: the logarithm of its growth, divided by the logarithm of the "
        "infinitely small difference's growth, is {growth-usual} at the usual rate and {growth-large} at the "
        "large rate.",
        Fold("Which source matters more: the weights or the order of the rows?"),
        "Other orders change {order-over-weights} times as many answers as other weights do. Of the variance "
        "of the test accuracy, the order of the rows alone makes up {variance-order:%}, the initial weights "
        "alone {variance-weights:%}, and a bit alone {variance-bit:%}. The parts may sum to more than 100 %, "
        "since the effects of the sources may overlap. Bouthillier et al. (2021) found the two on a par in "
        "larger networks; here the weights' part is {weights-over-order} times the order's.",
        Show("sources"),
        Fold("How much of the variance is more than luck with the test rows?"),
        "If every run were wrong on each row by its own toss of a coin, with the row's own chance p, the "
        "variance of the accuracy would be the mean of p(1 − p), divided by the number of rows. Jordan "
        "(2023) found that the errors of large networks behave like this once training is done, and that "
        "after short training the variance is several times larger. On the digits the variance is "
        "{variance-digits} times as large: some seeds are better than others, but the figure shows how the "
        "ratio falls with every epoch of training. XOR's four rows, which are also the training data, tend "
        "to be wrong together: there it is {variance-xor} times as large.",
        Show("variance"),
        *_mnist(data),
    )


def _mnist(data: xr.DataTree) -> Story:
    if "mnist" not in data.children:
        return ()
    where = data["mnist"].attrs["pictures"]
    told = (
        "On its 10,000 test rows the variance of the accuracy is {variance-mnist} times that of independent "
        "errors. A flipped bit changes {bit-mnist:%} as many answers as another seed, and other orders of "
        "the rows change {mnist-order-over-weights} times as many as other initial weights."
    )
    return Fold(f"The same on {where}"), *([told] if where == MNIST else []), Show("mnist")
