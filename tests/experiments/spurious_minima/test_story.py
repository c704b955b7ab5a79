"""The story refers only to findings that exist, and shows only figures that are drawn."""

import pytest
import stories

from experiments.spurious_minima import figures
from experiments.spurious_minima.story import story


@pytest.mark.slow
def test_the_story_is_complete(two_cells):
    stories.complete("spurious_minima", story(two_cells), figures(two_cells))
