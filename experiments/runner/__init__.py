"""The runner: everything that is no question."""
