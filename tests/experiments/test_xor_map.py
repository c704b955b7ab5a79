"""Options of the experiment that maps XOR."""

import pytest

from experiments.xor_map import Config


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"side": 100}, "side must be a multiple of 16; got 100"),
        ({"wall": 8}, "wall must be 16 or more; got 8"),
        ({"epochs": 0}, "epochs must be 1 or more; got 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)
