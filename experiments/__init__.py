"""The experiments: one question per file or folder, in the order of `STORY`."""

STORY = (
    "walkthrough",
    "sentences",
    "activations",
    "learning_rate",
    "blame_rules",
    "vanishing_gradients",
    "trainability",
    "initialisation",
    "seed_minima",
    "xor_map",
    "spurious_minima",
    "digits",
    "seed_worth",
    "benchmark",
    "own",
)
"""The order of experiments in the report; any other experiment comes after these."""

CARDS = (
    "walkthrough",
    "digits",
    "seed_minima",
    "blame_rules",
    "xor_map",
    "seed_worth",
    "vanishing_gradients",
    "trainability",
    "learning_rate",
    "initialisation",
    "spurious_minima",
    "sentences",
    "activations",
)
"""The order of the cards at the top of the report: the most surprising first."""

ONLY_BY_NAME = ("benchmark", "own")
"""Experiments that run only if named: one needs an idle machine, the other needs a table."""

SEEDS = 2**32
"""Seeds are smaller than this."""
