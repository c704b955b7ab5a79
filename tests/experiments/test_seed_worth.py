"""Options of the experiment on the worth of a seed."""

import pytest

from experiments.seed_worth import Config


@pytest.mark.parametrize("name, least", [("seeds", 2), ("few", 2), ("epochs", 2), ("xor_seeds", 2)])
def test_bad_options(name, least):
    with pytest.raises(ValueError, match=f"{name} must be {least} or more; got {least - 1}"):
        Config(**{name: least - 1})
