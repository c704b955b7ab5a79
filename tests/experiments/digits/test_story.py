"""The story tells findings that there are, and shows figures that are drawn."""

import stories

from experiments.digits import figures
from experiments.digits.story import story


def test_the_story_is_complete(two_groups):
    stories.complete("digits", story(two_groups), figures(two_groups))
