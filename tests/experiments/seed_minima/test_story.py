"""The story refers only to findings that exist, and shows only figures that are drawn."""

import pytest
import stories

from experiments.seed_minima import figures
from experiments.seed_minima.story import story


@pytest.mark.slow
def test_the_story_is_complete(long_run):
    stories.complete("seed_minima", story(long_run), figures(long_run))
