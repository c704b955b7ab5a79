"""The experiments: one question per file or folder, told in the order of `STORY`."""

STORY = (
    "walkthrough",
    "activations",
    "learning_rate",
    "blame_rules",
    "vanishing_gradients",
    "initialisation",
    "seed_minima",
    "spurious_minima",
    "digits",
    "benchmark",
)
"""The order in which the report tells them; an experiment that is not named here comes after these."""

ONLY_BY_NAME = ("benchmark",)
"""Run where it is named: an idle machine is what it needs."""
