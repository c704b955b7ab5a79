"""The walkthrough's data, measured once for its test files."""

import pytest

from experiments.runner.context import Context
from experiments.walkthrough import Config, run


@pytest.fixture(scope="session")
def data():
    return run(Config(epochs=200), Context())
