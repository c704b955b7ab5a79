"""The solutions' Python lines print the answers."""

import re
import subprocess
import sys

import node
import pytest


def test_the_python_solutions_print_the_answers(golden):
    right = node.evaluate(
        "exercises.mjs", "return m.exercises(given).map((each) => each.answers([]));", golden
    )
    body = "return m.exercises(given).map((each) => each.code(each.task).Python.join('\\n'));"
    codes = node.evaluate("exercises.mjs", body, golden)
    program = "\nprint('---')\n".join(codes)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for printed, answers in zip(done.stdout.split("---"), right, strict=True):
        numbers = [float(text) for text in re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", printed)]
        assert sorted(numbers) == pytest.approx(sorted(answers), rel=1e-4), printed
