"""The story refers only to findings that exist, and shows only figures that are drawn."""

import stories

from experiments.vanishing_gradients import figures
from experiments.vanishing_gradients.story import story


def test_the_story_is_complete(small_data):
    stories.complete("vanishing_gradients", story(small_data), figures(small_data))
