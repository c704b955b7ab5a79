"""The runner: everything that experiments share."""
