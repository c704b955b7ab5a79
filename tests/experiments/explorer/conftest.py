"""The walkthrough's numbers as the page gets them."""

import pytest
import xarray as xr

from experiments.explorer import page
from experiments.walkthrough import numbers
from experiments.walkthrough.tables import SLIPS


@pytest.fixture(scope="session")
def walkthrough():
    """(data, tables) as they are on disk, without the parts that the page does not need."""
    data = xr.DataTree.from_dict({"printed": numbers.printed_numbers(), **numbers.cases()})
    return data, {page.ERRATA: {"rows": [list(row) for row in SLIPS]}}


@pytest.fixture(scope="session")
def golden(walkthrough):
    return page.golden(*walkthrough)
