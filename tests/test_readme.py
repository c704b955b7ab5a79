"""The README's examples print the output shown there."""

import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from experiments.runner import catalogue, tidy
from experiments.seed_minima import xor

README = pathlib.Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```python\n([^`]*)```\n\n```text\n([^`]*)```", README.read_text())


@pytest.mark.parametrize("code, printed", EXAMPLES, ids=["library", "research", "sweep", "flax"])
def test_example(code, printed, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == printed


def test_the_page_of_all_findings_names_every_experiment_and_its_minutes():
    page = (README.parent / "experiments" / "README.md").read_text("utf-8")
    told = re.findall(r"^\| `(\w+)`: (.+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    known = [catalogue.load(name) for name in catalogue.names()]
    assert told == [(each.name, each.title, *map("{:g}".format, each.minutes)) for each in known]


@pytest.mark.parametrize("page", ["README.md", "experiments/README.md", "experiments/benchmark/README.md"])
def test_links_within_the_repository_lead_somewhere(page):
    path = README.parent / page
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", path.read_text("utf-8"))
    assert links or page != "README.md"
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.fixture
def ends(tmp_path):
    """A folder with a CSV file of four seeds on XOR."""
    levels = np.array([1, 0, 0, 1], np.int8)
    data = xr.Dataset(
        {
            "loss": ("seed", np.array([0.5, 0.0, 0.0, 0.5])),
            "level": ("seed", levels, xor.LEVEL_FLAGS),
        },
        {"seed": np.arange(4)},
    )
    folder = tmp_path / "results" / "seed_minima"
    folder.mkdir(parents=True)
    tidy.write(folder, xr.DataTree.from_dict({"xor": data}), [], {})
    return tmp_path


@pytest.mark.parametrize("language", ["python", "r"])
def test_the_data_in_python_and_r(language, ends):
    command = {"python": [sys.executable, "-c"], "r": ["Rscript", "-e"]}[language]
    if shutil.which(command[0]) is None:
        pytest.skip("R is not installed")
    (code,) = re.findall(rf"```{language}\n([^`]*seed_minima/data-xor.csv[^`]*)```", README.read_text())
    done = subprocess.run([*command, code], capture_output=True, text=True, check=True, cwd=ends)
    words = done.stdout.split()
    assert words.count("0.5") == 2
    assert {"sse_0", "sse_half"} <= set(words)
    assert (ends / {"python": "ends.png", "r": "Rplots.pdf"}[language]).exists()
