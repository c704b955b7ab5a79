"""The story of the map shows every figure, and refers to every finding except small-rate-closer."""

from experiments.runner import style
from experiments.runner.experiment import Show
from experiments.xor_map.figures import figures
from experiments.xor_map.findings import findings
from experiments.xor_map.story import story


def test_the_story_shows_every_figure_and_names_findings_that_are_there(data):
    told = story(data)
    with style.context():
        names = set(figures(data))
    assert {each.figure for each in told if isinstance(each, Show)} == names
    ids = {each.id: 0 for each in findings(data)}
    text = " ".join(each for each in told if isinstance(each, str))
    assert all("{" + id in text for id in ids if not id.endswith("small-rate-closer"))
