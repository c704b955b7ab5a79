"""Verdicts say whose claim was judged; a failed guess is not drawn as an error."""

import pytest

from experiments.runner import verdicts


def finding(kind="handout", verdict="agrees", too_wide=False, name="a"):
    return {"id": name, "class": kind, "verdict": verdict, "too_wide": too_wide}


@pytest.mark.parametrize(
    "kind, verdict, too_wide, look, words",
    [
        ("handout", "agrees", False, "confirmed", "confirmed"),
        ("handout", "differs", False, "refuted", "refutes the handout"),
        ("guess", "differs", True, "guess", "refutes our guess"),
        ("theorem", "differs", False, "wrong", "contradicts a theorem"),
        ("control", "undecided", False, "open", "open"),
        ("control", "undecided", True, "open", "open: too few seeds"),
        ("other", "open", False, "open", "open: depends on the seeds"),
        ("other", None, False, "none", "not judged"),
    ],
)
def test_words(kind, verdict, too_wide, look, words):
    said = verdicts.said(finding(kind, verdict, too_wide))
    assert (said.look, said.words) == (look, words)


def test_what_was_refuted_comes_first_and_guesses_last():
    kinds = [("guess", "undecided"), ("handout", "agrees"), ("guess", "differs"), ("other", "differs")]
    findings = [finding(*each, name=str(place)) for place, each in enumerate(kinds)]
    refuted, unsettled, rest = verdicts.divided(findings)
    assert [each["id"] for each in refuted] == ["3", "2"]
    assert [each["id"] for each in unsettled] == ["0"]
    assert [each["id"] for each in rest] == ["1"]


def test_verdicts_are_counted_by_whose_claim_it_is():
    findings = [finding(), finding(verdict="differs"), finding("guess", "open"), finding("guess", "differs")]
    assert verdicts.counted(findings) == {
        "handout": {"confirmed": 1, "refuted": 1, "open": 0},
        "guess": {"confirmed": 0, "refuted": 1, "open": 1},
    }
