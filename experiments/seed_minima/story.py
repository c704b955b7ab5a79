"""The story of the experiment on seeds and minima."""

import xarray as xr

from experiments.runner.experiment import Card, Fold, Show, Story

CARD = Card(
    "A quarter of the XOR networks get stuck. But the number of ends certified as local minima is:",
    "xor-certified-minimum",
    "xor",
)


def story(data: xr.DataTree) -> Story:
    """Say that stuck runs are on plateaus and different ends are copies, but that local minima exist."""
    seeds, teachers = data["xor"].sizes["seed"], data["teachers"].sizes["teacher"]
    return [
        f"“We can get stuck in local minima”, says the handout. Of {seeds:,} XOR networks with two hidden "
        "nodes {xor-ends-zero:%} learn, {xor-ends-half:%} get stuck at an SSE of ½, and "
        "{xor-ends-two-thirds:%} at ⅔. Are these ends minima, from which no direction leads down? The "
        "Hessian, the matrix of second derivatives, can tell: the number of ends certified as minima is "
        "{xor-certified-minimum}, as Hamey (1998) predicts. Nearly all ends at ½, "
        "{xor-failures-on-a-plateau}, are certified to lie on a plateau, which falls towards infinite "
        "weights, ever more gently.",
        Show("xor"),
        "On other tasks the handout is right. Let one network, the teacher, give the labels, and let "
        f"students of the same shape learn to imitate it: {{teachers-with-local-minimum}} of {teachers} "
        "teachers have students that end in a certified local minimum that is not the best.",
        Fold("Does it matter whether a run is in a minimum or on a plateau?"),
        "Hardly at ½, where {xor-stays-half:%} of the runs are still there after ten times the steps. But we "
        "had guessed that every run that looks stuck stays so, and at ⅔ only {xor-stays-two-thirds:%} do: "
        "the others were merely slow.",
        Fold("Are all teachers alike?"),
        "We had guessed so. But nine in ten of their students match the teacher for only {teachers-alike:%} "
        "of the teachers.",
        Show("teachers"),
        Fold("Are different ends different networks?"),
        "Not always. Swap two hidden nodes, or flip all signs around a tanh node, and a network computes "
        "the same function as before; with two tanh nodes there are eight such copies. Of the students that "
        "imitate a tanh teacher, each that succeeds ends at one of the eight, to within "
        "{students-nearest-copy} in every weight. Larger networks have such copies, too. On the straight "
        "line between two networks that read digits the loss climbs over a barrier; once the nodes of one "
        "are put in the other's order, {barrier-aligned:%} of the barrier is left.",
        Show("plane"),
    ]
