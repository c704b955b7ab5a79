"""Rules that every story of the report must obey."""

from collections.abc import Mapping

from experiments.runner import expectations, numbers
from experiments.runner.experiment import Drawing, Show, Story


def complete(name: str, story: Story, drawings: Mapping[str, Drawing]) -> None:
    """Check that paragraphs exist, each figure is shown once, and numbers come from expected findings."""
    paragraphs = [part for part in story if isinstance(part, str)]
    shown = [part.figure for part in story if isinstance(part, Show)]
    assert paragraphs
    assert set(shown) <= set(drawings), f"{name}: {set(shown) - set(drawings)} is not drawn"
    assert len(set(shown)) == len(shown), f"{name}: a figure is shown twice"
    told = set().union(*map(numbers.references, paragraphs))
    known = set(expectations.of(name))
    unknown = {each for each in told if not any(each == one or each.startswith(f"{one}-") for one in known)}
    assert not unknown, f"{name}: {unknown} is no finding"
    for paragraph in paragraphs:
        assert numbers.filled(paragraph, []).strip()
