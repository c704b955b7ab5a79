"""Written in R, the handout's own language, handout.R gives the walkthrough's numbers under both rules."""

import pathlib
import shutil
import subprocess

import numpy as np
import pytest

from experiments import walkthrough
from experiments.walkthrough import numbers

SCRIPT = pathlib.Path(walkthrough.__file__).with_name("handout.R")


@pytest.fixture(scope="module")
def by_r():
    """Return the numbers that R computes by the printed rule and by the true rule (23, 2)."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        pytest.skip("Rscript is not installed (Debian: apt-get install r-base-core)")
    told = subprocess.run([rscript, SCRIPT], capture_output=True, text=True, check=True).stdout.splitlines()
    assert told[0].split("\t") == ["printed", "true"]
    return np.array([line.split("\t") for line in told[1:]], float)


@pytest.mark.parametrize("column, as_printed", [(0, True), (1, False)], ids=["printed", "true"])
def test_r_and_python_compute_the_same(by_r, column, as_printed):
    np.testing.assert_allclose(by_r[:, column], numbers.handout_numbers(as_printed), rtol=1e-13)


def test_every_digit_that_the_handout_prints(by_r):
    texts = [text for step in numbers.STEPS for text in step.printed]
    rounded = [f"{value:.{numbers.decimals(text)}f}" for value, text in zip(by_r[:, 0], texts, strict=True)]
    assert rounded == texts


def test_the_two_rules_are_told_apart(by_r):
    differ = ~np.isclose(by_r[:, 0], by_r[:, 1], rtol=1e-6)
    wrong = [bool(why) for step in numbers.STEPS for why in step.why or ("",) * len(step.printed)]
    assert differ.tolist() == wrong
