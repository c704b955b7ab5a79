"""The story refers only to findings that exist, and shows only figures that are drawn."""

import stories

from experiments.digits import figures
from experiments.digits.story import story


def test_the_story_is_complete(two_groups):
    stories.complete("digits", story(two_groups), figures(two_groups))
