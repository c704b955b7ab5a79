"""nnjax confirms a receipt from the page, and names the part in which a number was changed."""

import copy
import json

import node
import pytest

from experiments.__main__ import main
from experiments.explorer import receipt


@pytest.fixture(scope="module")
def receipts(golden):
    """The receipts of all cases, and of one more with biases and other activations after two updates."""
    body = """const {presets, initial, view, withBiases, withActivation, edited} = n;
    const start = initial(given), cases = Object.values(presets(given));
    const tanh = withActivation(withBiases(start, true), 0, "tanh");
    const states = [...cases.map((c) => ({...start, ...c})), {...edited(tanh, "b.0.1", 0.7), steps: 24}];
    return states.map((state) => m.receipt(state, view(state)));"""
    return node.evaluate("receipt.mjs", body, golden)


def written(folder, value):
    path = folder / "receipt.json"
    path.write_text(json.dumps(value))
    return path


def test_every_case_is_confirmed(receipts, tmp_path):
    assert len(receipts) == 7
    for each in receipts:
        assert all(claim.holds for claim in receipt.read(written(tmp_path, each)))
    assert receipts[-1]["given"]["assumed"] is None
    assert receipts[-1]["given"]["params"] != receipts[0]["given"]["params"]


def test_the_command_confirms_and_refutes_by_name(receipts, tmp_path, capsys):
    path = written(tmp_path, receipts[0])
    assert main(["walkthrough", "--check", str(path)]) == 0
    assert "confirmed: deltas of layer 1" in capsys.readouterr().out
    wrong = copy.deepcopy(receipts[0])
    wrong["claimed"]["deltas"][0][0] *= 1 + 1e-9
    assert main(["walkthrough", "--check", str(written(tmp_path, wrong))]) == 1
    out = capsys.readouterr().out
    assert "refuted: deltas of layer 1: claimed" in out
    assert out.count("refuted") == 1


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda r: r.pop("given"), "damaged: 'given'"),
        (lambda r: r.update(kind="bill"), "kind must be 'nnjax explorer receipt'"),
        (lambda r: r["given"].update(x=[1.0]), "damaged: .*x"),
        (lambda r: r["claimed"].update(deltas=[]), "deltas must have 2 layers, got 0"),
        (lambda r: r["given"]["network"].update(activations=["sigmiod", "sigmoid"]), "sigmoid"),
    ],
)
def test_what_is_no_receipt_is_said(receipts, tmp_path, change, message, capsys):
    damaged = copy.deepcopy(receipts[0])
    change(damaged)
    with pytest.raises(ValueError, match=message):
        receipt.read(written(tmp_path, damaged))
    assert main(["walkthrough", "--check", str(tmp_path / "receipt.json")]) == 2


def test_a_file_that_is_missing_or_no_json(tmp_path):
    assert main(["walkthrough", "--check", str(tmp_path / "none.json")]) == 2
    (tmp_path / "receipt.json").write_text("1, 2")
    with pytest.raises(ValueError, match="is not a receipt"):
        receipt.read(tmp_path / "receipt.json")
