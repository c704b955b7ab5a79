"""The README's pictures: a browser's screenshots of the pages in results/, with the titles that they show."""

import io
import json
import pathlib
import re
import shutil
import sys
from collections.abc import Sequence
from typing import Any, NamedTuple

from PIL import Image

from experiments import CARDS
from experiments.runner import catalogue

ROOT = pathlib.Path(__file__).parents[2]
PICTURES = ROOT / ".github" / "pictures"
TITLES = PICTURES / "titles.json"
EXPLORER = ROOT / "experiments" / "explorer" / "explorer.html.jinja"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOWN = 4
"""Cards in the report's picture."""
COLOURS = 128


class Picture(NamedTuple):
    """One screenshot of a page.

    Attributes:
        page: The page's file, with the state of the page after the #.
        part: The element of the page that is shown.
        width: Width of the window, in pixels.
        height: Maximum height of the screenshot, in pixels from the element's top.
        ready: The element that the page shows once it has computed everything.
    """

    page: str
    part: str
    width: int
    height: int
    ready: str = "body"


TAKEN = {
    "report": Picture("report.html", ".cards", 1280, 820),
    "explorer-step": Picture("explorer.html#step=9", "#one-step", 1164, 900),
    "explorer-seeds": Picture("explorer.html", "#seeds", 1164, 900, "#seed-grid[data-done]"),
}


def titles() -> dict[str, list[str]]:
    """Return the titles that the pictures would show today, from two scenes and from the first cards."""
    scenes = re.findall(r"<h2[^>]*>(.+?)</h2>", EXPLORER.read_text("utf-8"))
    cards = [catalogue.load(name).card for name in CARDS[:SHOWN]]
    return {
        "explorer-step": scenes[:1],
        "explorer-seeds": scenes[3:4],
        "report": [card.sentence for card in cards if card is not None],
    }


def take(results: pathlib.Path, browser: Any) -> None:
    """Take every picture from the pages in a folder, and store the titles."""
    for name, (page, part, width, height, ready) in TAKEN.items():
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.goto(f"{results.resolve().as_uri()}/{page}")
        tab.wait_for_load_state("networkidle")
        tab.locator(part).scroll_into_view_if_needed()  # some scenes begin to compute when they are seen
        tab.wait_for_selector(ready)
        tab.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        box = tab.locator(part).bounding_box()
        content = tab.screenshot(full_page=True, clip=box | {"height": min(height, box["height"])})
        _save(PICTURES / f"{name}.png", content)
        tab.close()
    TITLES.write_text(json.dumps(titles(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _save(path: pathlib.Path, content: bytes) -> None:
    """Save a picture with few colours, which takes a quarter of the space."""
    image = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(path, optimize=True)


def main(arguments: Sequence[str]) -> int:
    """Take the pictures of the pages in the named folder, results/ by default."""
    from playwright.sync_api import sync_playwright

    results = pathlib.Path(arguments[0] if arguments else "results")
    missing = [page for page in ("report.html", "explorer.html") if not (results / page).exists()]
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if missing or program is None:
        print(f"{results} has no {missing[0]}: make experiment" if missing else "Chromium is not installed")
        return 2
    with sync_playwright() as playwright:
        take(results, playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
