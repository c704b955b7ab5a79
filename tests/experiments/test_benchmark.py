"""Test the benchmark's options and sizes; test_smoke runs the whole benchmark."""

import pytest

from experiments.benchmark import CHECKED, EXPERIMENT, NETWORKS, Config, works


def test_the_networks_and_how_much_of_them_is_trained():
    given = works(Config(seed=3, networks=NETWORKS, log_seeds=10, steps=800))
    assert {name: (each.seeds, each.steps) for name, each in given.items()} == {
        "2-2-1": (1024, 800),
        "2-4-4-1": (512, 200),
        "2-16-1": (256, 200),
        "3-8-8-1": (256, 100),
        "digits, shared order": (256, 134),
        "digits, own order": (256, 134),
    }
    assert [each.order_per_seed for each in given.values()] == [False] * 5 + [True]
    assert [name for name, each in given.items() if each.checked] == list(CHECKED)
    assert {each.first_seed for each in given.values()} == {3}


def test_the_aims_are_about_the_full_size():
    assert Config(**EXPERIMENT.full).is_full
    assert not Config().is_full
    assert not Config(**EXPERIMENT.smoke).is_full


@pytest.mark.parametrize(
    "options, message",
    [
        ({"seed": -1}, "seed must be 0 to 4294967295; got -1"),
        ({"repeats": 0}, "repeats must be 1 or more; got 0"),
        ({"networks": ()}, "networks must be some of 2-2-1, .*; got"),
        ({"networks": ("2-2-2",)}, "networks must be some of 2-2-1, .*; got"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Config(**options)
