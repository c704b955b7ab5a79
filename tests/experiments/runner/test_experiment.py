"""Wrong options of any experiment are refused by name as soon as they are given."""

import dataclasses

import pytest
import tiny

from experiments.runner.experiment import at_least, positive


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed must be 0 to 4294967295; got {seed}"):
        tiny.Config(seed=seed)


def test_seeds_follow_the_first():
    assert tiny.Config(seed=5).seeds_from_first(3).tolist() == [5, 6, 7]


def test_a_share_has_the_seeds_that_are_its_own():
    config = tiny.Config(seed=5, size=7)
    share = config.share(8, 100)
    assert share == config
    assert share.seeds_from_first(9).tolist() == [8, 9, 10, 11, 12, 13]
    assert config.seeds_from_first(9).tolist() == list(range(5, 14))


def test_a_share_that_has_too_few_takes_the_first():
    share = tiny.Config(seed=5).share(13, 100)
    assert share.seeds_from_first(9).tolist() == [5, 6, 7]
    assert share.seeds_from_first(2).tolist() == [5, 6]
    assert share.seeds_from_first(11).tolist() == [13, 14, 15]


@dataclasses.dataclass(frozen=True)
class Some:
    count: int = 3
    rates: tuple[float, ...] = (0.1, 0.2)


def test_bounds():
    at_least(Some(), count=3)
    with pytest.raises(ValueError, match="count must be 4 or more; got 3"):
        at_least(Some(), count=4)
    positive(Some(), "count", "rates")
    for bad in ((0.1, 0.0), (0.1, float("inf")), (float("nan"),)):
        with pytest.raises(ValueError, match="rates must be above 0 and finite"):
            positive(Some(rates=bad), "rates")


@pytest.mark.parametrize("seed", [0, 5, 2**30 - 1, 2**30, 2**31 - 1, 2**32 - 10])
def test_another_list_of_seeds_has_none_of_the_first(seed):
    config = tiny.Config(seed=seed, size=9)
    first, other = (set(each.seeds_from_first(9).tolist()) for each in (config, config.other_list()))
    assert not first & other
    assert max(other) < 2**32
    assert config.other_list() == dataclasses.replace(config, seed=min(other))
