"""The page's lines of Python can be run, and they print the page's numbers."""

import contextlib
import io

import jax
import node
import numpy as np
import pytest


def run(code):
    """Run these lines in a fresh namespace, and return the variables."""
    found = {}
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(io.StringIO()))
        stack.enter_context(jax.numpy_rank_promotion("allow"))
        stack.enter_context(jax.numpy_dtype_promotion("standard"))
        exec(code, found)
    return found


def test_a_step_with_and_without_the_assumption(golden):
    body = """const start = n.initial(given), cases = [start, {...start, assumed: null, steps: 15}];
    return cases.map((state) => [m.stepPython(state, n.view(state)), n.view(state).deltas]);"""
    for code, deltas in node.evaluate("python.mjs", body, golden):
        for ours, theirs in zip(run(code)["deltas"], deltas, strict=True):
            assert ours.tolist() == pytest.approx(theirs, rel=1e-12)


def test_a_deep_network():
    deep = {"depth": 5, "width": 4, "functions": ["tanh", "relu"], "scheme": "he_normal", "seed": 3}
    body = "return m.deepPython(given);"
    code = node.evaluate("python.mjs", body, deep)
    flow = run(code)["flow"].delta
    body = """const network = m.deepNetwork(5, 4, "tanh");
    return m.flow(network, n.init(network, 3, "he_normal")).delta;"""
    theirs = node.evaluate("flow.mjs", body, also="threefry.mjs")
    np.testing.assert_allclose(theirs, flow[:-1] / flow[-1], rtol=1e-5)


def test_one_seed_of_xor():
    body = "return [m.xorPython(3, 1.5, 17, 200), n.path(3, 17, 1.5, 200).losses.at(-1)];"
    code, loss = node.evaluate("python.mjs", body, also="train.mjs")
    assert float(run(code)["history"].loss) == pytest.approx(loss, rel=1e-4)
