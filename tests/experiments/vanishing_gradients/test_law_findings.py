"""Glorot's identity is judged seed by seed; a wrong law is refuted."""

import numpy as np

from experiments.vanishing_gradients import law_findings


def judged(data, id):
    laws = law_findings.findings(data["birth"].to_dataset(), data.children["laws"])
    return next(finding for finding in laws if finding.id == id)


def test_glorots_identity_is_judged_where_no_node_is_rounded_across_the_kink(small_data):
    assert judged(small_data, "glorot-over-he").verdict == "agrees"
    birth, where = small_data["birth"], {"activation": "relu", "init": "glorot_normal", "width": 16}
    last = birth["seed"].values[-1]
    birth["delta"].loc[{**where, "seed": last}] *= 1.01
    assert judged(small_data, "glorot-over-he").verdict == "differs"
    birth["dead"].loc[{**where, "seed": last, "layer": 3}] += 1 / 16
    finding = judged(small_data, "glorot-over-he")
    assert finding.verdict == "agrees"
    assert "the errors are 0.01" in finding.note


def test_another_law_of_one_layer_is_refuted(small_data):
    assert judged(small_data, "one-layer-law").verdict == "agrees"
    sample = small_data["laws/one_layer"]
    sample["ratio"] = 2 * sample["ratio"]
    assert judged(small_data, "one-layer-law").verdict == "differs"


def test_networks_that_are_never_dead_are_refuted(small_data):
    sample = small_data["laws/dead"]
    sample["width"] = 2
    sample["is_dead"] = np.zeros_like(sample["is_dead"]) & sample["is_dead"]
    assert judged(small_data, "dead-at-birth").verdict == "differs"
