"""Options of the experiment on learning rates."""

import pytest

from experiments.learning_rate import Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": 2**32}, "seed must be 0 to 4294967295; got 4294967296"),
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"steps": 0}, "steps must be 1 or more; got 0"),
        ({"rates": (0.1,)}, r"rates must be two or more numbers; got \(0.1,\)"),
        ({"rates": (0.1, -1.0)}, "rates must be above 0 and finite"),
        ({"rates": (0.1, float("nan"))}, "rates must be above 0 and finite"),
        ({"rates": (0.1, float("inf"))}, "rates must be above 0 and finite"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)
