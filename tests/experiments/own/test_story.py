"""The story refers only to findings that exist, and shows only figures that are drawn."""

import stories

from experiments.own import figures
from experiments.own.story import story


def test_the_story_is_complete(long_run):
    stories.complete("own", story(long_run), figures(long_run))
