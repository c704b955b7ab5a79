"""The story of the seed shows every figure and names every finding."""

from experiments.runner import style
from experiments.runner.experiment import Show
from experiments.seed_worth.figures import figures
from experiments.seed_worth.findings import findings
from experiments.seed_worth.story import story


def test_the_story_shows_every_figure_and_names_every_finding(data):
    told = story(data)
    with style.context():
        assert {each.figure for each in told if isinstance(each, Show)} == set(figures(data))
    text = " ".join(each for each in told if isinstance(each, str))
    assert all("{" + each.id in text for each in findings(data))
