"""A browser for the tests that are marked `browser`."""

import os
import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright

    found = [path for name in BROWSERS if (path := shutil.which(name))]
    if not found:
        pytest.fail(f"no browser: install one of {', '.join(BROWSERS)} (Debian: apt-get install chromium)")
    options = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found[0], args=options)
        yield running
        running.close()


@pytest.fixture
def expect():
    """Playwright's assertions, which wait, since a browser takes a moment to react to a click."""
    from playwright.sync_api import expect

    return expect
