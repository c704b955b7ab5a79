"""The experiment's options."""

import pytest

from experiments.sentences import EXPERIMENT, Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 0}, "seeds must be 1 or more; got 0"),
        ({"row_seeds": 1}, "row_seeds must be 2 or more; got 1"),
        ({"xor_epochs": 100}, "xor_epochs must be 500 or more; got 100"),
        ({"path_epochs": 2000}, "path_epochs must be 2001 or more; got 2000"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)


def test_the_sizes_are_options():
    for size in (EXPERIMENT.smoke, EXPERIMENT.full):
        assert size is not None
        Config(**size)
