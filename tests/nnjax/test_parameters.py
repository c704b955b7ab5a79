"""Every function turns parameters typed in any common form into layers, which are printed as a table."""

import fractions

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import nnjax
from nnjax import initialisers

NET = nnjax.mlp((3, 2, 1))
W1, W2 = [[0.5, 0.1], [1.2, -0.4], [-0.3, 0.2]], [[0.8], [0.5]]
B1, B2 = [0.1, 0.2], [0.3]
X, Y = [1.0, 3.0, 5.0], [1.0]
pytestmark = pytest.mark.usefixtures("without_shape_checks")


def predicted():
    """Predict with NumPy."""
    a = 1 / (1 + np.exp(-(np.array(X) @ W1 + B1)))
    return 1 / (1 + np.exp(-(a @ W2 + B2)))


def test_lists_become_layers_and_biases_left_out_are_zero():
    params = nnjax.params(NET, [W1, W2], [B1, B2])
    assert all(isinstance(layer, nnjax.Layer) for layer in params)
    np.testing.assert_allclose(nnjax.predict(NET, params, X), predicted(), rtol=1e-12)
    assert [layer.biases.tolist() for layer in nnjax.params(NET, [W1, W2])] == [[0, 0], [0]]
    assert nnjax.params(NET, [W1, W2], [None, B2])[1].biases.tolist() == B2


KINDS = {
    "NumPy": [(np.array(W1), np.array(B1)), (np.array(W2), np.array(B2))],
    "lists": [(W1, B1), (W2, B2)],
    "a list of layers": [nnjax.Layer(np.array(W1), np.array(B1)), nnjax.Layer(np.array(W2), np.array(B2))],
    "JAX arrays in pairs": [(jnp.array(W1), jnp.array(B1)), (jnp.array(W2), jnp.array(B2))],
    "data frames": [(pd.DataFrame(W1), pd.Series(B1)), (pd.DataFrame(W2), pd.Series(B2))],
}
USES = {
    "predict": lambda p: nnjax.predict(NET, p, X),
    "predict_batch": lambda p: nnjax.predict_batch(NET, p, [X]),
    "nodewise": lambda p: nnjax.nodewise.forward(NET, p, X),
    "deltas": lambda p: nnjax.deltas(NET, p, nnjax.forward(NET, p, X), Y),
    "as printed": lambda p: nnjax.deltas_as_printed(NET, p, nnjax.forward(NET, p, X), Y, p),
    "gradients": lambda p: nnjax.gradients(NET, p, [X], [Y]),
    "columnwise": lambda p: nnjax.columnwise.gradients(NET, p, [X], [Y]),
    "by node": lambda p: nnjax.nodewise.gradients(NET, p, [X], [Y]),
    "total_loss": lambda p: nnjax.total_loss(NET, p, [X], [Y]),
    "train_step": lambda p: nnjax.train_step(NET, p, X, Y, 0.1),
    "train": lambda p: nnjax.train(NET, p, [X], [Y], optimizer=optax.sgd(0.1), epochs=1)[0],
    "flow": lambda p: nnjax.signal_propagation.flow(NET, p, [X], [Y]),
    "canonical": lambda p: nnjax.symmetries.canonical(NET, p),
    "align": lambda p: nnjax.symmetries.align(NET, p, p, 1),
    "barrier": lambda p: nnjax.minima.barrier(NET, p, p, [X], [Y], points=3),
}


@pytest.mark.parametrize("use", ["predict", "train"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken(kind, use):
    expected = USES[use](nnjax.params(NET, [W1, W2], [B1, B2]))
    got = USES[use](KINDS[kind])
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("use", USES)
def test_every_function_takes_lists(use):
    expected = USES[use](nnjax.params(NET, [W1, W2], [B1, B2]))
    for one, other in zip(jax.tree.leaves(USES[use](KINDS["lists"])), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize(
    "function",
    [
        lambda p: nnjax.symmetries.permuted(p, 0, [1, 0]),
        lambda p: nnjax.symmetries.rescaled(p, 0, [1.0, 2.0]),
    ],
)
def test_functions_without_a_network_take_lists_too(function):
    got, expected = function(KINDS["lists"]), function(nnjax.params(NET, [W1, W2], [B1, B2]))
    for one, other in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(TypeError, match=r"nnjax\.params"):
        function(3)


def dtypes(*weights):
    return {str(part.dtype) for layer in nnjax.params(NET, weights) for part in layer}


def test_dtypes():
    ints, single = np.ones((3, 2), int), np.float32(W1)
    assert dtypes(W1, W2) == dtypes(ints, W2) == dtypes(single, np.array(W2)) == {"float64"}
    assert dtypes(single, W2) == dtypes(jnp.float32(W1), np.array(W2)) == {"float32"}
    assert dtypes(jnp.bfloat16(W1), W2) == {"bfloat16"}
    with jax.enable_x64(False):
        assert dtypes(np.array(W1), ints[:2, :1]) == {"float32"}
    with pytest.raises(ValueError, match="params must share one dtype, got float32, float64"):
        nnjax.params(NET, [jnp.float32(W1), jnp.float64(W2)])


@pytest.mark.parametrize(
    "weights, biases, message",
    [
        ([W1], None, "weights must be 2 arrays, one per layer, got 1"),
        ([np.transpose(W1), W2], None, r"weights of layer 1 have shape \(2, 3\), expected \(3, 2\) \(transp"),
        ([W1, [0.8, 0.5]], None, r"weights of layer 2 have shape \(2,\), expected \(2, 1\)"),
        ([W1, W2], [B1], "biases must be 2 arrays, one per layer, got 1"),
        ([W1, W2], [B2, B2], r"biases of layer 1 have shape \(1,\), expected \(2,\)"),
        ([W1, [[0.8], [np.nan]]], None, "weights of layer 2 holds NaN or infinite"),
        ([W1, [["a"], ["b"]]], None, "weights of layer 2 must be an array of numbers"),
        (3, None, "weights must be a list with one array per layer, got 3"),
        ([[[1], [1, 2]], W2], None, "weights of layer 1 must be an array of numbers"),
    ],
)
def test_what_does_not_fit_is_named(weights, biases, message):
    with pytest.raises((TypeError, ValueError), match=message):
        nnjax.params(NET, weights, biases)


@pytest.mark.parametrize(
    "call",
    [
        lambda network: nnjax.params(network, [W1, W2]),
        lambda network: nnjax.init(network, nnjax.key(0)),
        nnjax.summary,
    ],
    ids=["params", "init", "summary"],
)
def test_what_is_no_network_is_refused(call):
    with pytest.raises(TypeError, match=r"network must be a nnjax\.Network, .*; got str"):
        call("3, 2, 1")


def test_biases_that_nothing_reads_are_refused():
    with pytest.raises(ValueError, match="biases of layer 1 must be 0 in a network with biases=False"):
        nnjax.params(nnjax.mlp((3, 2, 1), biases=False), [W1, W2], [B1, B2])


def test_rational_numbers_are_numbers():
    third = [[fractions.Fraction(1, 3)] * 2] * 3
    assert nnjax.params(NET, [third, W2])[0].weights[0, 0] == 1 / 3


def test_names_of_initial_weights():
    same = {
        "xavier": "glorot_uniform",
        "Kaiming_Normal": "he_normal",
        "he": "he_normal",
        "HeUniform": "he_uniform",
        "XAVIER_TRUNCATED_NORMAL": "glorot_truncated_normal",
        "Lecun Normal": "lecun_normal",
    }
    for name, ours in same.items():
        assert initialisers.find(name) == ours
    got, expected = (nnjax.init(NET, nnjax.key(0), name) for name in ("xavier", "glorot_uniform"))
    np.testing.assert_array_equal(got[0].weights, expected[0].weights)
    assert initialisers.weight_variance("kaiming", 8, 2) == 2 / 8
    with pytest.raises(ValueError, match="unknown biases scheme 'he_normal'"):
        nnjax.init(NET, nnjax.key(0), biases="he_normal")


def test_summary_counts_what_is_trained():
    text = str(nnjax.summary(nnjax.Network((3, 4, 2), (("relu", "tanh", "relu", "relu"), jnp.sin))))
    lines = [line.split() for line in text.splitlines()]
    assert [line[-1] for line in lines] == ["parameters", "3", "16", "10", "26"]
    assert "relu, tanh, relu, relu" in text
    assert "sin" in text
    assert repr(nnjax.summary(NET)) == str(nnjax.summary(NET))
    assert str(nnjax.summary(nnjax.mlp((3, 4, 1), biases=False))).split()[-1] == "16"


def test_predictions_of_a_table_are_those_of_its_rows():
    params, xs = nnjax.params(NET, [W1, W2], [B1, B2]), np.random.default_rng(0).normal(size=(4, 3))
    got = nnjax.predict_batch(NET, params, pd.DataFrame(xs))
    np.testing.assert_allclose(got, [nnjax.predict(NET, params, x) for x in xs], rtol=1e-12)
    with pytest.raises(
        ValueError, match=r"inputs xs have shape \(3,\), expected \(1, 3\): .*one row\? write"
    ):
        nnjax.predict_batch(NET, params, X)


ROWS = np.array([[0.2, 0.1, 0.7], [0.9, 0.05, 0.05], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3]])
EYE = nnjax.mlp((3, 3), output="identity", biases=False)
AS_IT_IS = nnjax.params(EYE, [np.eye(3)])
ONE = nnjax.mlp((1, 1), output="identity", biases=False)


def test_accuracy_by_hand():
    """The identity network's outputs are the input rows themselves."""
    ys = np.eye(3)[[2, 0, 0, 1]]
    assert nnjax.accuracy(EYE, AS_IT_IS, ROWS, ys) == 0.75
    assert nnjax.accuracy(EYE, AS_IT_IS, np.log(ROWS), ys, "softmax_cross_entropy") == 0.75
    answers = np.array([[0, 0, 1], [1, 0, 1], [0, 0, 0], [0, 1, 0]])
    assert nnjax.accuracy(EYE, AS_IT_IS, ROWS - 0.45, answers, "binary_cross_entropy") == 0.75
    signs, one = np.array([[0.3], [-0.9], [-0.2]]), nnjax.params(ONE, [[[1.0]]])
    assert nnjax.accuracy(ONE, one, signs, [[1], [-1], [1]], threshold=0) == pytest.approx(2 / 3)
    assert nnjax.accuracy(ONE, one, signs, [[1], [-1], [1]]) == pytest.approx(1 / 3)
    with pytest.raises(ValueError, match=r"targets ys have shape \(4,\), expected \(4, 3\).*one_hot"):
        nnjax.accuracy(EYE, AS_IT_IS, ROWS, [2, 0, 0, 1])
