"""The examples in docstrings print the output shown there, as in pytest --doctest-modules nnjax."""

import doctest
import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "nnjax").rglob("*.py")
    if ">>>" in path.read_text("utf-8")
)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name, without_shape_checks):
    module = importlib.import_module(name)
    tests = doctest.DocTestFinder(exclude_empty=True).find(module)
    results = [doctest.DocTestRunner().run(test) for test in tests if test.examples]
    assert results
    assert not sum(result.failed for result in results)
