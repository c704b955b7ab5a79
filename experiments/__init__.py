"""The handout's claims as experiments that could fail: one question per file."""
