"""Every story and card refers to numbers that exist, and is brief."""

import ast
import importlib
import inspect
import string
import tomllib

import pytest

import experiments
from experiments.runner import catalogue, expectations, numbers, report


def told(name):
    """Return the strings that an experiment's story is made of, except for f-strings."""
    story = catalogue.load(name).story
    tree = ast.parse(inspect.getsource(importlib.import_module(story.__module__)))
    nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == story.__name__]
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
    }
    constants = [part for node in nodes for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return [each.value for each in constants if isinstance(each.value, str) and id(each) not in inside]


@pytest.mark.parametrize("name", catalogue.names())
def test_a_story_tells_numbers_of_findings_that_are_expected(name):
    known = set(expectations.of(name))
    for text in told(name):
        assert numbers.references(text) <= known
        for _, reference, how, _ in string.Formatter().parse(text):
            if reference:
                numbers.told(0.5, (0.4, 0.6), how or "")


@pytest.mark.parametrize("name", catalogue.names())
def test_a_card_is_short_and_has_its_place(name):
    card = catalogue.load(name).card
    if card is not None:
        assert len(card.sentence.split()) <= 20
        assert numbers.references("{" + card.finding + "}") <= set(expectations.of(name))
    assert (name in experiments.CARDS) == (name not in experiments.ONLY_BY_NAME)


def test_the_short_answers_tell_numbers_of_findings_that_are_expected():
    told = tomllib.loads(report.ANSWERS.read_text("utf-8"))["answer"]
    assert len(told) == 5
    for each in told:
        assert numbers.references(each["text"]) <= set(expectations.of(each["experiment"]))
