"""The README's examples print what it says they print."""

import pathlib
import re
import subprocess
import sys

import pytest

README = pathlib.Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```python\n((?:(?!```).)*)```\n\n```text\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("code, printed", EXAMPLES, ids=["library", "research", "sweep", "flax"])
def test_example(code, printed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == printed
