"""The look of every figure: a white card, legible at the size it is shown, colours safe for all readers."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.axis import Axis
from matplotlib.ticker import NullLocator

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette, told apart with every kind of colour vision."""

SETTINGS: dict[Any, Any] = {
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "white",
    "font.size": 11,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "savefig.dpi": 150,
    "svg.fonttype": "path",
    "svg.hashsalt": "nnjax",
}


@contextlib.contextmanager
def context() -> Iterator[None]:
    """Draw and save figures in this look; nothing outside the block is changed."""
    with mpl.rc_context(SETTINGS):
        yield


def plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """Show ticks in plain numbers on a logarithmic axis, those within its limits."""
    low, high = axis.get_view_interval()
    axis.set_ticks([tick for tick in ticks if low <= tick <= high])
    axis.set_major_formatter("{x:g}")
    axis.set_minor_locator(NullLocator())
