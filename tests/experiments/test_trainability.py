"""Options of the experiment on where training is possible."""

import pytest

from experiments.trainability import Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"epochs": 0}, "epochs must be 1 or more; got 0"),
        ({"depths": ()}, r"depths must be one or more increasing numbers, each at least 1; got \(\)"),
        ({"depths": (4, 2)}, "increasing numbers"),
        ({"depths": (0, 2)}, "each at least 1"),
        (
            {"linear_depths": (4,)},
            r"linear_depths must be two or more increasing numbers, each at least 1; got \(4,\)",
        ),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)
