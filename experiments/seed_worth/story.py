"""What the report tells of the worth of a seed."""

import xarray as xr

from experiments.digits.mnist.pictures import MNIST
from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "One flipped bit of one weight changes answers only where training is chaotic; there, relative to "
    "another seed:",
    "bit-large:%",
    "apart",
)


def story(data: xr.DataTree) -> Story:
    """Tell it in paragraphs and figures."""
    usual, large = (data[name].attrs["rate"] for name in ("usual", "large"))
    return (
        "Two people train the same network on the same digits and get different accuracies, because their "
        "seeds differ. A seed draws the initial weights and the order of the rows, and a change as small as "
        "the last bit of one weight can be told apart here: the same seed gives the same bits, always.",
        Show("apart"),
        "Summers and Dinneen (2021) found that one flipped bit moved their networks, which were thousands of "
        "times larger, as far as any other change of the seed. Here, on the digits at learning rate "
        f"{usual:g}, it does not: of the answers that another seed changes, it changes {{bit-usual:%}}. At "
        f"rate {large:g}, at which the loss jumps, training is chaotic: there the bit changes "
        "{bit-large:%} as many answers as another seed does. On XOR it changes {bit-xor-usual:%} as many "
        "ends at rate 1 and {bit-xor-large:%} at rate 10.",
        Fold("Does the difference grow as calculus says?"),
        "Carry an infinitely small difference through the derivative of every step, and it grows at the "
        "Lyapunov exponent of training. The flipped bit follows it, although derivatives know nothing of "
        "rounding: the logarithm of its growth, over that of the infinitely small one's, is {growth-usual} "
        "at the usual rate and {growth-large} at the large one.",
        Fold("Which source matters more: the weights or the order of the rows?"),
        "Other orders change {order-over-weights} times as many answers as other weights. Of the variance of "
        "the test accuracy, the order of the rows alone makes up {variance-order:%}, the initial weights "
        "alone {variance-weights:%}, a bit alone {variance-bit:%}. The parts may sum to more than 100 %, "
        "since either may make a difference that the other also makes. Bouthillier et al. (2021) found the "
        "two on par in larger networks; here the weights' part is {weights-over-order} times the order's.",
        Show("sources"),
        Fold("How much of it is more than luck with the test rows?"),
        "If every run were wrong on each row by its own toss of a coin, with the row's own chance p, the "
        "variance of the accuracy would be the mean of p(1 − p), divided by the number of rows. Jordan "
        "(2023) found that the errors of large networks are so once training is done, and that after short "
        "training the variance is several times larger. On the digits the variance is {variance-digits} "
        "times that: some seeds are better than others, but the figure shows how the ratio falls with every "
        "epoch of training. XOR's four rows, on which it is also trained, tend to be wrong together: "
        "{variance-xor} times.",
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
