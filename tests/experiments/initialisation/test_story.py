"""The story refers only to findings that exist, and shows only figures that are drawn."""

import stories

from experiments.initialisation import figures
from experiments.initialisation.story import story


def test_the_story_is_complete(tossed):
    data = tossed(0.5)
    stories.complete("initialisation", story(data), figures(data))
