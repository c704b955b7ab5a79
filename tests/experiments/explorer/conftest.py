"""The walkthrough's numbers as they reach the page, and the page in a browser."""

import pytest
import xarray as xr

from experiments.explorer import page
from experiments.walkthrough import numbers
from experiments.walkthrough.tables import SLIPS

READY = "document.documentElement.dataset.ready === 'yes'"


@pytest.fixture(scope="session")
def walkthrough():
    """Return (data, tables) as stored on disk, without the parts that the page does not need."""
    data = xr.DataTree.from_dict({"printed": numbers.printed_numbers(), **numbers.cases()})
    return data, {page.ERRATA: {"rows": [list(row) for row in SLIPS]}}


@pytest.fixture(scope="session")
def golden(walkthrough):
    return page.golden(*walkthrough)


@pytest.fixture(scope="session")
def address(golden, tmp_path_factory):
    path = tmp_path_factory.mktemp("explorer") / "explorer.html"
    path.write_text(page.render(golden), "utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, address):
    """Open the page; by the end it must have made no request and raised no error."""
    contexts, troubles = [], []

    def opened(fragment="", width=1100, height=900, before="", **options):
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("request", lambda request: troubles.append(request.url) if "http" in request.url[:5] else None)
        tab.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.add_init_script(before)
        tab.goto(address + fragment)
        tab.wait_for_function(READY)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
