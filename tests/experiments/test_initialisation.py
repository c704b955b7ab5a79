"""Wrong options of the experiment on initial weights are refused."""

import dataclasses

import pytest

from experiments.initialisation import Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"seed": 2**32}, "seed must be 0 to 4294967295; got 4294967296"),
        ({"xor_epochs": 0}, "xor_epochs must be 1 or more; got 0"),
        ({"encoder_epochs": 0}, "encoder_epochs must be 1 or more; got 0"),
        ({"iris_epochs": 0}, "iris_epochs must be 1 or more; got 0"),
        ({"ranges": (1.0,)}, "ranges must be two or more increasing numbers above 0"),
        ({"ranges": (0.0, 1.0)}, "ranges must be two or more increasing numbers above 0"),
        ({"ranges": (1.0, 1.0)}, "ranges must be two or more increasing numbers above 0"),
        ({"ranges": (1.0, float("nan"))}, "ranges must be two or more increasing numbers above 0"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Config(), **options)
