"""The template is an experiment like any other; test_new runs it under another name."""

import numpy as np
import xarray as xr

from experiments.runner import style, template
from experiments.runner.context import Context


def test_the_share_and_the_figure_follow_from_the_losses():
    losses = np.repeat([0.01, 0.5], [300, 100])
    data = xr.Dataset({"loss": ("seed", losses)}, {"seed": np.arange(400)})
    assert template.findings(data)[0].measured == 0.75
    with style.context():
        (drawn,) = template.figures(data).values()
    assert drawn.panels[0].axes[0].dataLim.ymax == 300


def test_each_seed_has_a_loss():
    data = template.run(template.Config(seed=7, seeds=3, epochs=2), Context())
    assert data["seed"].values.tolist() == [7, 8, 9]
    assert np.isfinite(data["loss"]).all()
