"""Wrong options are refused, and the order of lists does not matter."""

import dataclasses

import pytest

from experiments.vanishing_gradients import EXPERIMENT, Config, groups


def test_findings_do_not_depend_on_the_order_of_widths_and_depths():
    one, other = (
        Config(widths=widths, depths=depths, training_depths=depths)
        for widths, depths in (((8, 16), (1, 22)), ((16, 8), (22, 1)))
    )
    assert one == other
    assert (one.widths[-1], one.depths[-1]) == (16, 22)


def test_groups_are_parts_of_the_data():
    assert list(groups(Config())) == ["digits", "iris", "stall", "remedies"]
    assert list(groups(Config(remedies=False))) == ["digits", "iris", "stall"]
    for options in (EXPERIMENT.smoke, EXPERIMENT.full):
        for group in groups(Config(**options)).values():
            lengths = [len(values) for values in group.axes.values()]
            assert len(group.recipes) == (lengths[0] * lengths[1] if len(lengths) == 2 else lengths[0])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"depths": (0, 3)}, "depths must be different numbers, 1 or more"),
        ({"widths": (8, 8)}, "widths must be different numbers, 2 or more"),
        ({"activations": ("sigmiod",)}, "activations must be different names from sigmoid, .*got"),
        ({"inits": ("he_truncated_normal",)}, "inits must be different names from normal, "),
        ({"seeds": 1}, "seeds must be 2 or more; got 1"),
        ({"seed": -1}, "seed must be 0 to 4294967295; got -1"),
        ({"training_depths": ()}, "training_depths must be"),
    ],
)
def test_bad_options_are_refused_with_what_is_accepted(options, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(Config(), **options)
