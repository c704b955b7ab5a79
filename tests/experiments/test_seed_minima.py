"""The options of the experiment on seeds and minima, and the groups of its data."""

import pytest

from experiments.seed_minima import Config


@pytest.mark.parametrize("options", [{"seeds": 1}, {"steps": 0}, {"paths": 2000}])
def test_bad_options_are_refused(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be .*; got"):
        Config(**options)
