"""The experiments: one question per file or folder, told in the order of `STORY`."""

STORY = (
    "walkthrough",
    "sentences",
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
"""Run only where it is named: it needs an idle machine."""

SEEDS = 2**32
"""Seeds are below this."""
