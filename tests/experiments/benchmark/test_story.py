"""The story reports speeds only from a full run, and shows only figures that are drawn."""

import stories

from experiments.benchmark import figures
from experiments.benchmark.story import story


def test_the_story_is_complete(data):
    stories.complete("benchmark", story(data), figures(data))


def test_a_short_run_tells_no_speeds(data):
    data["speed"].attrs["full"] = 0
    told = story(data)
    assert "too small" in told[1]
    assert "{floor" not in "".join(part for part in told if isinstance(part, str))
    stories.complete("benchmark", told, figures(data))
