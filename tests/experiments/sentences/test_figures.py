"""Every figure is drawn from made-up data."""

from experiments.sentences.figures import figures


def test_figures(data):
    drawn = figures(data)
    assert list(drawn) == ["even_smaller", "widths", "learnt", "momentum", "figure_3"]
    for figure, caption in drawn.values():
        assert caption
        assert figure.axes
    legend = drawn["even_smaller"][0].axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "inputs 1, 3, 5: 50% smaller",
        "inputs 0.2, 0.6, 1: 100% smaller",
    ]
