"""Each law that has data has a panel; a law without data has none."""

import drawn

from experiments.runner import style
from experiments.vanishing_gradients import law_panels


def test_laws_are_drawn_where_there_are_data(small_data):
    birth, laws = small_data["birth"].to_dataset(), small_data.children["laws"]
    with style.context():
        whole = law_panels.drawing(birth, laws)
        drawn.legible({"laws": whole})
        assert len(whole.panels) == 6
        assert len(law_panels.drawing(birth.sel(activation=["sigmoid"]), laws).panels) == 2
