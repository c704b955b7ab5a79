"""Rules that every figure of the report must obey."""

from collections.abc import Mapping

from matplotlib.text import Text

from experiments.runner import style
from experiments.runner.experiment import Drawing


def legible(drawings: Mapping[str, Drawing]) -> None:
    """Draw every panel, and check widths, text sizes and whether titles are sentences."""
    for name, drawing in drawings.items():
        assert " " in drawing.title.strip(), f"{name}: a title is a sentence"
        assert drawing.caption, name
        for figure in drawing.panels:
            figure.canvas.draw()
            assert style.size(figure)[0] in (style.NARROW, style.WIDE), f"{name}: {style.size(figure)}"
            sizes = {float(text.get_fontsize()): text.get_text() for text in _shown(figure)}
            assert all(10 <= size <= 14 for size in sizes), f"{name}: {sizes}"


def _shown(figure) -> list[Text]:
    """Return the visible texts."""
    texts = [each for each in figure.findobj(Text) if isinstance(each, Text)]
    return [each for each in texts if each.get_visible() and each.get_text().strip()]
