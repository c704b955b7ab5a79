"""Findings on single updates, with the handout's row and with accumulated rows."""

import xarray as xr

from experiments.runner import expectations, statistics
from experiments.runner.findings import Finding, mean, share
from experiments.sentences import one_row, rows

EXPECTED = expectations.of("sentences")


def row_findings(row: xr.Dataset) -> list[Finding]:
    """Judge the first update of random networks."""
    own, small = (row.sel(size=size) for size in one_row.SIZES)
    count = f"{row.sizes['seed']:,} 3-4-1 networks with N(0, 1) weights"
    x3, largest, means, medians = (own[name].values < 1 for name in ("x3_to_h1", "largest", "mean", "median"))
    truth = one_row.share_smaller()
    return [
        share(
            EXPECTED["even-smaller-mean"],
            "weight changes into the hidden nodes are even smaller: their mean is below the mean change into "
            "the output (share of networks)",
            means,
            note=f"{count} on (1, 3, 5); medians instead of means: {medians.mean():.1%}",
        ),
        mean(
            EXPECTED["even-smaller-all-pairs"],
            "a weight change into a hidden node is smaller than the change of the node's own weight to the "
            "output (share of pairs)",
            own["pairs"].values,
            note=f"12 pairs in each of {count}",
        ),
        share(
            EXPECTED["even-smaller-x3"],
            "weight changes into the hidden nodes are even smaller: x₃ → h₁ changes less than h₁ → o (share "
            "of networks)",
            x3,
            note=f"{count} on (1, 3, 5); exact value {truth:.2%}; this is the worst pair, since x₃ = 5",
        ),
        share(
            EXPECTED["even-smaller-largest"],
            "the largest weight change into the hidden nodes is smaller than the largest into the output "
            "(share of networks)",
            largest,
            note=count,
        ),
        share(
            EXPECTED["even-smaller-exact"].around(truth),
            "share of the networks in which x₃ → h₁ changes less than h₁ → o, "
            "against E[2Φ((1 + eᶻ) / 5) − 1]",
            x3,
            note=f"by quadrature {truth:.6f}",
        ),
        mean(
            EXPECTED["even-smaller-small-inputs"],
            "share of networks in which x₃ → h₁ changes less than h₁ → o: the share with inputs "
            "(0.2, 0.6, 1) minus the share with (1, 3, 5)",
            (small["x3_to_h1"].values < 1).astype(float) - x3,
            note=f"{count}; the sentence suits inputs that are no larger than activations",
        ),
        mean(
            EXPECTED["larger-activation-other-nodes"],
            "share of pairs of weights into different nodes in which the weight from the larger activation "
            "changes more",
            own["order_other_nodes"].values,
            note=f"{count}; with (0.2, 0.6, 1) {float(small['order_other_nodes'].mean()):.0%}",
        ),
        share(
            EXPECTED["larger-contribution"],
            "the weight that contributes most to the output, |a · w|, is the one that changes most",
            own["contributes_most"].values,
            note="there are four weights; a weight's change depends on the activation, "
            "not on the weight itself",
        ),
        share(
            EXPECTED["one-step-nearer"],
            "after one update with α = 0.01 the prediction is closer to the label",
            own["nearer"].values,
            note=count,
        ),
    ]


def rows_findings(part: xr.Dataset) -> list[Finding]:
    """Judge each number of rows per update at its best rate."""
    accuracy = part["accuracy"].transpose("way", "seed", "trial")
    best, rates = {}, {}
    for way in part["way"].values:
        best[way], chosen = statistics.at_best(accuracy.sel(way=way).values)
        rates[way] = statistics.either(part["rate"].sel(way=way).values, chosen)
    updates = dict(zip(part["way"].values, part["updates"].values, strict=True))

    def against(id: str, other: str, claim: str) -> Finding:
        ours = best[rows.FORTY_EIGHT]
        note = "; ".join(
            f"{way}: {best[way].mean():.0%} at rate {rates[way]}, {updates[way]} updates"
            for way in (rows.FORTY_EIGHT, other)
        )
        return mean(EXPECTED[id], claim, ours - best[other], note=note)

    epochs = part.attrs["epochs"]
    return [
        against(
            "rows-48-against-one",
            rows.ONE,
            f"digits: accuracy after {epochs} epochs with 48 rows per update, minus the accuracy with 1 row",
        ),
        against(
            "rows-48-against-all",
            rows.ALL,
            f"digits: accuracy after {epochs} epochs with 48 rows per update, minus the accuracy with all "
            "rows",
        ),
        against(
            "rows-48-equal-updates",
            rows.ALL_OFTEN,
            "digits: accuracy after equally many updates of 48 rows, minus the accuracy with all rows per "
            "update",
        ),
    ]
