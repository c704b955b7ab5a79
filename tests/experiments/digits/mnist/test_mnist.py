"""What --mnist adds: four files of random pictures lead to findings, tables and figures."""

import numpy as np
import pytest

from experiments import digits
from experiments.runner import labels

MANIFEST = {
    "name": "digits",
    "title": "",
    "question": "",
    "command": "",
    "smoke": True,
    "config": {"seed": 0},
    "packages": {"nnjax": "0", "jax": "0"},
}


@pytest.mark.slow
def test_an_experiment_with_mnist(folder, only_mnist):
    config = digits.Config(seeds=2, crossed=2, few=2, epochs=2, batch_epochs=1, mnist=True, pictures=folder)
    data = digits.run(config, only_mnist)
    assert {"starts", "updates", "mnist", "births"} <= set(data.children)
    assert not labels.unnamed(labels.labelled(data, MANIFEST))
    assert data["mnist"].attrs["pictures"] == "other pictures"
    accuracy = data["mnist"]["accuracy"]
    assert accuracy.sizes == {"hidden_nodes": 2, "seed": 2, "epoch": 2}
    np.testing.assert_allclose(accuracy * 20, np.rint(accuracy * 20), rtol=1e-6)
    assert data["births"]["speed"].sizes["seed"] == 100
    assert {"mnist", "births"} <= set(digits.figures(data))
    assert any("other pictures, 2 seeds" in title for title in digits.EXPERIMENT.tables(data))
    assert digits.EXPERIMENT.findings(data) == []
