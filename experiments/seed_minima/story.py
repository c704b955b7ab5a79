"""The story of the experiment on seeds and minima."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "A quarter of the XOR networks get stuck. But the number of ends certified as local minima is:",
    "xor-certified-minimum",
    "xor",
)


def story(data: xr.DataTree) -> Story:
    """Tell that stuck runs are on plateaus, different ends are copies, but some minima are really local."""
    seeds, teachers = data["xor"].sizes["seed"], data["teachers"].sizes["teacher"]
    return [
        f"“We can get stuck in local minima”, says the handout. Of {seeds:,} networks with two hidden "
        "nodes, {xor-ends-zero:%} learn XOR, and {xor-ends-half:%} get stuck at a summed squared error "
        "(SSE) of ½. But is that a minimum? The Hessian, the matrix of second derivatives, can tell: in a "
        "minimum no direction leads down. The number of ends that it certifies as minima is "
        "{xor-certified-minimum}, as Hamey (1998) predicts. Of the ends at ½ {xor-failures-on-a-plateau} "
        "are certified to lie on a plateau, which falls towards infinite weights, ever more gently.",
        Show("xor"),
        f"The handout is right all the same. {{teachers-with-local-minimum}} of {teachers} teachers have "
        "students that end in a certified local minimum that is not the best. We had guessed that "
        "one teacher stands for all. It does not: nine in ten of their students match the teacher for only "
        "{teachers-alike:%} of the teachers.",
        Fold("Does it matter whether a run is in a minimum or on a plateau?"),
        "Hardly at ½, where {xor-stays-half:%} of the runs are still there after ten times the steps. But we "
        "had guessed that every run that looks stuck stays so, and at ⅔ only {xor-stays-two-thirds:%} do: "
        "the others were merely slow.",
        Fold("Are different ends different networks?"),
        "Not always. Swap two hidden nodes, or flip all signs around a tanh node, and a network computes "
        "what it did before; with two tanh nodes there are eight such copies. We let students imitate a "
        "teacher of the same shape: each that succeeds ends at one of the eight, to within "
        "{students-nearest-copy} in every weight. Larger networks show it, too. On the straight line between "
        "two networks that read digits the loss climbs over a barrier, but with the nodes of one in the "
        "other's order, {barrier-aligned:%} of it is left.",
        Show("plane"),
    ]
