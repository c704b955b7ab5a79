"""The story of where training is possible shows every figure and names every finding."""

from experiments.runner import style
from experiments.runner.experiment import Show
from experiments.trainability.figures import figures
from experiments.trainability.findings import findings
from experiments.trainability.story import story


def test_the_story_shows_every_figure_and_names_every_finding(data):
    told = story(data)
    with style.context():
        assert {each.figure for each in told if isinstance(each, Show)} == set(figures(data))
    text = " ".join(each for each in told if isinstance(each, str))
    assert all("{" + each.id in text for each in findings(data))
