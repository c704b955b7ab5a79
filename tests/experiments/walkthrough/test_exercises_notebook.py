"""The answers in the classroom notebook run in Python and in R, and agree with nnjax."""

import contextlib
import io
import json
import pathlib
import re
import shutil
import subprocess

import jax.numpy as jnp
import numpy as np
import pytest

import experiments.walkthrough
import nnjax

FILE = pathlib.Path(experiments.walkthrough.__file__).with_name("exercises.ipynb")
CELLS = json.loads(FILE.read_text("utf-8"))["cells"]


def answers(language):
    """Return the code of the answers, and the code before them."""
    texts = ["".join(cell["source"]) for cell in CELLS]
    blocks = [block for text in texts for block in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)]
    set_up = ["".join(CELLS[1]["source"])] if language == "python" else []
    return set_up + blocks


@pytest.fixture(scope="module")
def solved():
    """Return all variables that exist once the answers have been run in Python."""
    names = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec("\n".join(answers("python")), names)
    return names


@pytest.fixture(scope="module")
def network():
    network, params, x, y = nnjax.handout()
    params = nnjax.params(network, [np.round(np.float64(layer.weights), 6) for layer in params])
    return network, params, np.float64(x), np.float64(y)


def test_there_is_an_answer_in_both_languages_to_each_of_nine_exercises():
    assert len(answers("python")) == len(answers("r")) == 10
    headings = [cell["source"][0] for cell in CELLS if cell["source"][0].startswith("## ")]
    assert [heading[3] for heading in headings] == list("123456789")
    empty = ["".join(cell["source"]) for cell in CELLS if cell["cell_type"] == "code"][1:]
    assert empty == ["# Your answer"] * 9
    assert not any(cell.get("outputs") for cell in CELLS)


def test_the_answers_are_what_nnjax_computes(solved, network):
    trace = nnjax.forward(*network[:3])
    np.testing.assert_allclose(solved["hidden"], trace.activations[1], rtol=1e-12)
    np.testing.assert_allclose(solved["output"], trace.activations[2][0], rtol=1e-12)
    deltas = nnjax.deltas(network[0], network[1], trace, network[3])
    np.testing.assert_allclose(solved["own_delta"], deltas[1][0], rtol=1e-12)

    assumed = trace._replace(activations=(*trace.activations[:2], jnp.array([0.6])))
    hidden, output = nnjax.deltas(network[0], network[1], assumed, network[3])
    changes = [
        nnjax.weight_change(0.01, d, a) for d, a in zip((hidden, output), trace.activations, strict=False)
    ]
    np.testing.assert_allclose(solved["hidden_deltas"], hidden, rtol=1e-12)
    np.testing.assert_allclose(solved["changes_in"], changes[0], rtol=1e-12)
    np.testing.assert_allclose(solved["changes_out"], changes[1][:, 0], rtol=1e-12)
    assert f"{solved['hidden_deltas'][0]:.9f}" == "0.009885435"

    relu = nnjax.mlp((3, 4, 1), "relu", "sigmoid", biases=False)
    np.testing.assert_allclose(solved["relu_output"], nnjax.predict(relu, *network[1:3])[0], rtol=1e-12)
    np.testing.assert_allclose(solved["gradient"], solved["measured"], rtol=1e-6)


def test_as_many_steps_as_nnjax_takes(solved, network):
    kind, params, x, y = network
    for _ in range(solved["steps"] - 1):
        grads = nnjax.gradients(kind, params, x[None], y[None])
        params = tuple(
            layer._replace(weights=layer.weights - g.weights) for layer, g in zip(params, grads, strict=True)
        )
    assert float(nnjax.total_loss(kind, params, x[None], y[None])) > 0.001
    grads = nnjax.gradients(kind, params, x[None], y[None])
    last = tuple(
        layer._replace(weights=layer.weights - g.weights) for layer, g in zip(params, grads, strict=True)
    )
    assert float(nnjax.total_loss(kind, last, x[None], y[None])) < 0.001


def test_r_gives_the_same_numbers(solved):
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    names = [
        "hidden",
        "output",
        "own_delta",
        "relu_output",
        "changes_out",
        "hidden_deltas",
        "changes_in",
        "steps",
    ]
    told = "\n".join(f'cat("{name}", format(as.vector(t({name})), digits = 15), "\\n")' for name in names)
    code = "\n".join([*answers("r"), told])
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    found = {
        line.split()[0]: list(map(float, line.split()[1:]))
        for line in done.stdout.splitlines()
        if line[0].isalpha()
    }
    for name in names:
        np.testing.assert_allclose(found[name], np.ravel(solved[name]), rtol=1e-12, err_msg=name)
