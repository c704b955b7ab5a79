"""Panels have the size at which they are shown; labels at the ends of lines do not overlap."""

import itertools

import numpy as np
import pytest

from experiments.runner import style


def named(slopes, logarithmic=False):
    """Draw a panel with one line per slope, and return the pixels between the labels at their ends."""
    with style.context():
        figure, axes = style.panel()
        x = np.linspace(1, 2, 5)
        lines = axes.plot(x, np.outer(x, slopes))
        axes.set(xlim=(1, 2), yscale="log" if logarithmic else "linear")
        labels = [
            style.label_end(axes, line, f"× {slope:g}") for line, slope in zip(lines, slopes, strict=True)
        ]
        figure.canvas.draw()
        return labels, [label.get_window_extent() for label in labels]


def test_a_panel_is_as_large_as_it_is_shown():
    with style.context():
        assert style.size(style.panel()[0]) == (352, 264)
        assert style.size(style.panel(style.WIDE, 300)[0]) == (720, 300)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_names_at_the_ends_of_lines_do_not_overlap_and_keep_their_order(logarithmic):
    _, boxes = named([1.02, 1.0, 1.01, 30.0], logarithmic)
    rising = [boxes[k] for k in (1, 2, 0, 3)]
    assert all(lower.y1 <= upper.y0 + 1 for lower, upper in itertools.pairwise(rising))


def test_a_name_alone_stands_at_its_line():
    labels, _ = named([1.0, 20.0])
    assert [label.xyann[1] for label in labels] == pytest.approx([0, 0], abs=1e-9)
    assert [label.xy for label in labels] == [(2.0, 2.0), (2.0, 40.0)]


def test_a_line_that_leaves_the_panel_is_named_where_it_is_last_seen():
    with style.context():
        _, axes = style.panel()
        (line,) = axes.plot([0, 1, 2, 3], [0, 1, 9, np.nan])
        axes.set(xlim=(0, 3), ylim=(0, 5))
        assert style.label_end(axes, line, "up").xy == (1.0, 1.0)


def test_powers_are_written_in_the_size_of_the_font():
    with style.context():
        figure, axes = style.panel()
        axes.semilogy([1e-16, 1e-8, 1, 10])
        style.power_ticks(axes.yaxis)
        figure.canvas.draw()
    shown = {label.get_text() for label in axes.get_yticklabels()}
    assert {"10⁻⁸", "10⁰"} <= shown
    assert not any("$" in text for text in shown)
