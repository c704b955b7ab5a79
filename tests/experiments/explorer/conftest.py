"""The walkthrough's numbers as the page gets them."""

import pytest

from experiments.explorer import page
from experiments.runner import store
from experiments.runner.context import Context
from experiments.walkthrough import EXPERIMENT, Config, run


@pytest.fixture(scope="session")
def walkthrough():
    """(data, tables) as they are on disk."""
    data = run(Config(epochs=2), Context())
    return data, store._tables_as_json(EXPERIMENT.tables(data))


@pytest.fixture(scope="session")
def golden(walkthrough):
    return page.golden(*walkthrough)
