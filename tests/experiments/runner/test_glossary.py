"""Each word is explained where it first occurs, and in the list."""

import itertools
import re

from experiments.runner import glossary


def test_a_word_is_explained_once():
    mark = glossary.Marker()
    first = mark("δ < a seed's δ, of seeds")
    assert first.count("<dfn") == 2
    assert re.search(r'<dfn tabindex="0" aria-describedby="term-δ-delta">δ<span role="tooltip">A node', first)
    assert "&lt;" in first
    assert "<dfn" not in mark("Another seed has its δ.")
    assert "<dfn" in glossary.Marker()("Another seed has its δ.")


def test_a_word_is_found_whole_and_the_longest_first():
    mark = glossary.Marker()
    assert "<dfn" not in mark("The seedling, the unbiased and the non-linear one say Hello.")
    assert ">global minimum<span" in mark("a global minimum")


def test_words_are_told_apart_and_do_not_explain_themselves_in_a_circle():
    terms = glossary.terms()
    assert len({term.anchor for term in terms}) == len(terms) > 25
    written = list(itertools.chain(*(term.written for term in terms)))
    assert len(set(written)) == len(written)
    assert all(term.means.endswith(".") and len(term.means.split()) < 45 for term in terms)
