"""Bad input gets an error that names the argument, what was passed and what is accepted; checks run once."""

import collections
import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pandas as pd
import pytest

import nnjax
from nnjax import checks, network, training, views

NET = nnjax.mlp((3, 4, 1))
PARAMS = nnjax.init(NET, nnjax.key(0))
X, Y = jnp.ones(3), jnp.ones(1)
XS, YS = jnp.ones((4, 3)), jnp.ones((4, 1))
LOGITS = "binary_cross_entropy"
LINEAR = nnjax.mlp((3, 1), output="identity")
NAN = jnp.full(3, jnp.nan)
ONE = nnjax.init(LINEAR, nnjax.key(0))
SQUARE = nnjax.mlp((3, 3, 3))
SQUARES = nnjax.init(SQUARE, nnjax.key(0))

REFUSED = {
    "targets (4,) for (4, 1)": (
        lambda: nnjax.total_loss(NET, PARAMS, XS, jnp.ones(4)),
        r"targets ys have shape \(4,\), expected \(4, 1\): one column per node",
    ),
    "gradients too": (lambda: nnjax.gradients(NET, PARAMS, XS, jnp.ones(4)), r"targets ys have shape \(4,\)"),
    "nodewise too": (
        lambda: nnjax.nodewise.gradients(NET, PARAMS, XS, jnp.ones(4)),
        r"targets ys have shape",
    ),
    "unequal rows": (lambda: nnjax.gradients(NET, PARAMS, XS, YS[:2]), "4 rows, targets ys 2"),
    "a batch for an example": (lambda: nnjax.forward(NET, PARAMS, XS), r"x has shape \(4, 3\) \(a batch\?"),
    "a short example": (lambda: nnjax.predict(NET, PARAMS, X[:2]), r"x has shape \(2,\), expected \(3,\)"),
    "a wrong label": (
        lambda: nnjax.deltas(NET, PARAMS, nnjax.forward(NET, PARAMS, X), XS),
        r"y has shape \(4, 3\)",
    ),
    "a batch's trace": (
        lambda: nnjax.deltas(NET, PARAMS, jax.vmap(lambda x: nnjax.forward(NET, PARAMS, x))(XS), YS[0]),
        r"trace has shapes .* \(of a batch\?",
    ),
    "another network's trace": (
        lambda: nnjax.nodewise.deltas(NET, PARAMS, nnjax.Trace((X,), (X, X)), YS[0]),
        r"trace has shapes .* expected .* for sizes \(3, ",
    ),
    "broadcasting cross-entropy": (
        lambda: nnjax.LOSSES["binary_cross_entropy"].value(jnp.ones(4), jnp.ones((4, 1))),
        r"\(4,\), y_hat \(4, 1\)",
    ),
    "too large for the dtype": (
        lambda: nnjax.forward(NET, jax.tree.map(jnp.float32, PARAMS), np.full(3, 1e300)),
        "x holds NaN or infinite values in float32",
    ),
    "broadcasting sse": (lambda: nnjax.sse(jnp.ones(4), jnp.ones((4, 1))), r"\(4,\), y_hat \(4, 1\)"),
    "another network's parameters": (
        lambda: nnjax.forward(nnjax.mlp((3, 5, 1)), PARAMS, X),
        r"params have shapes .* expected .* for sizes \(3, 5, 1\)",
    ),
    "unknown activation": (lambda: nnjax.mlp((3, 1), output="sigmiod"), "'sigmiod'. Did you mean 'sigmoid'"),
    "unknown loss": (lambda: nnjax.gradients(NET, PARAMS, XS, YS, "see"), "'see'. Did you mean 'sse'"),
    "unknown scheme": (lambda: nnjax.init(NET, nnjax.key(0), "he_norm"), "Did you mean 'he_normal'"),
    "biases that nothing reads": (
        lambda: nnjax.init(nnjax.mlp((3, 3), biases=False), nnjax.key(0), biases="Normal"),
        "biases must be 'zeros' for a network with biases=False, got 'normal'",
    ),
    "unknown biases": (lambda: nnjax.init(NET, nnjax.key(0), biases="ones"), "unknown biases scheme 'ones'"),
    "empty sizes": (lambda: nnjax.mlp(()), "at least inputs and outputs"),
    "size zero": (lambda: nnjax.mlp((3, 0, 1)), r"sizes must be 1 or more, got \(3, 0, 1\)"),
    "too few activations": (lambda: nnjax.Network((3, 4, 1), ("relu",)), "one entry per layer, 2"),
    "too few nodes": (lambda: nnjax.Network((3, 2), (("relu",),)), "of layer 1 name 1 nodes, expected 2"),
    "empty batch": (lambda: nnjax.gradients(NET, PARAMS, XS[:0], YS[:0]), r"\(0, 3\): an empty batch"),
    "NaN inputs": (lambda: nnjax.forward(NET, PARAMS, X * jnp.nan), "x holds NaN or infinite"),
    "infinite targets": (
        lambda: nnjax.gradients(NET, PARAMS, XS, YS / 0),
        "targets ys holds NaN or infinite",
    ),
    "seed too large": (lambda: nnjax.key(2**32), r"seed must be in 0..2\*\*32-1, got 4294967296"),
    "seed negative": (lambda: nnjax.key(-1), "seed must be in"),
    "logits after a sigmoid": (
        lambda: nnjax.gradients(NET, PARAMS, XS, YS, LOGITS),
        "takes logits: the output activation must be 'identity', got 'sigmoid'",
    ),
    "logits after a sigmoid, in the loss": (
        lambda: nnjax.total_loss(NET, PARAMS, XS, YS, LOGITS),
        "takes logits",
    ),
    "a function of a layer as activation": (
        lambda: nnjax.mlp((3, 1), output=jax.nn.softmax),
        "activation softmax must return one real number for one number z: it raises",
    ),
    "a class as activation": (lambda: nnjax.mlp((3, 1), output=dict), "unknown activation dict. Accepted"),
    "no activation": (lambda: nnjax.mlp((3, 4, 1), hidden=None), "unknown activation None"),
    "softmax of one node": (
        lambda: nnjax.total_loss(nnjax.mlp((3, 1), output="identity"), ONE, XS, YS, "softmax_cross_entropy"),
        "needs two output nodes or more, got 1; for one node, use one of: sse, binary_cross_entropy",
    ),
    "labels of a cross-entropy": (
        lambda: nnjax.gradients(nnjax.mlp((3, 1), output="identity"), ONE, XS, 2 * YS, LOGITS),
        r"ys must lie in \[0, 1\] for this loss, got 2.0 to 2.0",
    ),
    "one label of a cross-entropy": (
        lambda: nnjax.deltas(LINEAR, ONE, nnjax.forward(LINEAR, ONE, X), -Y, LOGITS),
        r"y must lie in \[0, 1\]",
    ),
    "one label of a cross-entropy, node by node": (
        lambda: nnjax.nodewise.deltas(LINEAR, ONE, nnjax.forward(LINEAR, ONE, X), -Y, LOGITS),
        r"y must lie in \[0, 1\]",
    ),
    "one label of a cross-entropy, as printed": (
        lambda: nnjax.deltas_as_printed(LINEAR, ONE, nnjax.forward(LINEAR, ONE, X), -Y, ONE, LOGITS),
        r"y must lie in \[0, 1\]",
    ),
    "one label of a cross-entropy, in a step": (
        lambda: nnjax.train_step(LINEAR, ONE, X, -Y, 0.1, LOGITS),
        r"y must lie in \[0, 1\]",
    ),
    "labels of a cross-entropy, in columns": (
        lambda: nnjax.columnwise.gradients(LINEAR, ONE, XS, 2 * YS, LOGITS),
        r"ys must lie in \[0, 1\]",
    ),
    "labels of a cross-entropy that jit closes over": (
        lambda: jax.jit(lambda p: nnjax.total_loss(LINEAR, p, XS, 2 * np.ones((4, 1)), LOGITS))(ONE),
        r"ys must lie in \[0, 1\]",
    ),
    "a trace with a net input too many": (
        lambda: nnjax.deltas(SQUARE, SQUARES, nnjax.Trace((X, X, X), (X, X)), X),
        r"trace has shapes \[\[\(3,\), \(3,\), \(3,\)\], \[\(3,\), \(3,\)\]\], expected",
    ),
    "NaN that jit closes over": (
        lambda: jax.jit(lambda p: nnjax.forward(NET, p, NAN))(PARAMS),
        "x holds NaN or infinite",
    ),
    "updated parameters of another network": (
        lambda: nnjax.deltas_as_printed(NET, PARAMS, nnjax.forward(NET, PARAMS, X), Y, ONE),
        "params have shapes",
    ),
    "labels of one number": (lambda: nnjax.labels("sse", 0.7), "y_hat must have an axis of output nodes"),
    "weight change of a batch": (lambda: nnjax.weight_change(0.1, YS, X), r"expected \(out,\) and \(in,\)"),
}

REFUSED |= {
    "hidden activation of no layer": (lambda: nnjax.mlp((3, 1), "rellu"), "Did you mean 'relu'"),
    "hidden activations of no layer": (lambda: nnjax.mlp((3, 1), ("relu", "tan")), "Did you mean 'tanh'"),
}

MISTYPED = {
    "a scale per layer": (
        lambda: nnjax.init(NET, nnjax.key(0), scale=np.array([1.0, 2.0])),
        "scale must be one number",
    ),
    "text as delta": (lambda: nnjax.weight_change(0.1, "abc", X), "delta must be an array of numbers"),
    "size 2.5": (lambda: nnjax.mlp((3, 2.5, 1)), "sizes must be an integer, got 2.5"),
    "size True": (lambda: nnjax.mlp((3, True)), "sizes must be an integer, got True"),
    "seed 1.5": (lambda: nnjax.key(1.5), "seed must be an integer, got 1.5"),
    "seed as key": (lambda: nnjax.init(NET, 0), "key must be one JAX random key"),
    "text as data": (lambda: nnjax.forward(NET, PARAMS, "abc"), "x must be an array of numbers"),
    "complex data": (lambda: nnjax.forward(NET, PARAMS, np.ones(3) * 1j), "x must be real numbers"),
    "integer parameters": (
        lambda: nnjax.init(NET, nnjax.key(0), dtype=jnp.int32),
        "dtype must be a floating",
    ),
    "objects as data": (lambda: nnjax.forward(NET, PARAMS, np.array([None] * 3)), "got ndarray of object"),
    "a seed as training key": (
        lambda: nnjax.train(NET, PARAMS, XS, YS, optimizer=optax.sgd(1), epochs=1, key=3),
        "key must be one JAX random key",
    ),
    "a legacy key": (lambda: nnjax.init(NET, jax.random.PRNGKey(0)), "key must be one JAX random key"),
    "a step of a dict": (lambda: nnjax.train_step(NET, {"w": 1}, X, Y, 0.1), "params must be a tuple"),
    "a tuple for a trace": (lambda: nnjax.deltas(NET, PARAMS, (X, X), Y), "trace must be a nnjax.Trace"),
    "text in a trace": (
        lambda: nnjax.deltas(LINEAR, ONE, nnjax.Trace(("a",), (X, Y)), Y),
        "trace must be an array of numbers",
    ),
    "a rate per node": (lambda: nnjax.train_step(NET, PARAMS, X, Y, Y), "alpha must be one number"),
    "a rate per weight": (lambda: nnjax.weight_change(X, Y, X), "alpha must be one number"),
    "text as a rate": (lambda: nnjax.train_step(NET, PARAMS, X, Y, "fast"), "alpha must be one number"),
    "sizes for a network": (lambda: nnjax.forward((3, 4, 1), PARAMS, X), "network must be a nnjax.Network"),
    "parameters as dict": (lambda: nnjax.forward(NET, {"w": 1}, X), "params must be a tuple"),
}


WITHOUT = nnjax.mlp((3, 3, 3), biases=False)
WITH_BIASES = nnjax.init(SQUARE, nnjax.key(0), biases="normal")
IGNORED = {
    "forward": lambda: nnjax.forward(WITHOUT, WITH_BIASES, X),
    "predict": lambda: nnjax.predict(WITHOUT, WITH_BIASES, X),
    "loss": lambda: nnjax.total_loss(WITHOUT, WITH_BIASES, XS, XS),
    "gradients": lambda: nnjax.gradients(WITHOUT, WITH_BIASES, XS, XS),
    "gradients in columns": lambda: nnjax.columnwise.gradients(WITHOUT, WITH_BIASES, XS, XS),
    "gradients by node": lambda: nnjax.nodewise.gradients(WITHOUT, WITH_BIASES, XS, XS),
    "deltas": lambda: nnjax.deltas(WITHOUT, WITH_BIASES, nnjax.forward(SQUARE, SQUARES, X), X),
    "updated parameters": lambda: nnjax.deltas_as_printed(
        WITHOUT, SQUARES, nnjax.forward(WITHOUT, SQUARES, X), X, WITH_BIASES
    ),
    "a step": lambda: nnjax.train_step(WITHOUT, WITH_BIASES, X, X, 0.1),
    "training": lambda: nnjax.train(WITHOUT, WITH_BIASES, XS, XS, optimizer=optax.sgd(0.1), epochs=1),
    "flow": lambda: nnjax.signal_propagation.flow(WITHOUT, WITH_BIASES, XS, XS),
    "canonical": lambda: nnjax.symmetries.canonical(WITHOUT, WITH_BIASES),
    "align": lambda: nnjax.symmetries.align(WITHOUT, WITH_BIASES, SQUARES),
    "reference": lambda: nnjax.symmetries.align(WITHOUT, SQUARES, WITH_BIASES),
    "flipped": lambda: nnjax.symmetries.flipped(WITHOUT, WITH_BIASES, 0, jnp.ones(3)),
    "barrier": lambda: nnjax.minima.barrier(WITHOUT, SQUARES, WITH_BIASES, XS, XS),
}
"""Calls that refuse biases for a network without biases, since nothing would read them."""


@pytest.mark.parametrize("name", IGNORED)
def test_biases_that_nothing_reads_are_refused(name, without_shape_checks):
    with pytest.raises(
        ValueError, match=r"biases of layer 1 must be 0 in a network with biases=False, got \["
    ):
        IGNORED[name]()


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, without_shape_checks):
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("name", MISTYPED)
def test_mistyped(name, without_shape_checks):
    call, message = MISTYPED[name]
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize("x", [[1, 2, 3], (1.0, 2.0, 3.0), np.array([1, 2, 3]), np.float32([1, 2, 3])])
def test_numbers_of_any_real_type_become_the_parameters(x, without_shape_checks):
    trace = nnjax.forward(NET, PARAMS, x)
    assert trace.activations[0].dtype == PARAMS[0].weights.dtype
    np.testing.assert_array_equal(trace.activations[0], [1, 2, 3])


def test_large_integers_do_not_wrap(without_shape_checks):
    with jax.enable_x64(False):
        params = nnjax.init(nnjax.mlp((1, 1)), nnjax.key(0))
        trace = nnjax.forward(nnjax.mlp((1, 1)), params, np.array([2**40]))
    assert trace.activations[0] == np.float32(2**40)


def test_a_trace_of_other_types_becomes_the_parameters(without_shape_checks):
    trace = nnjax.forward(LINEAR, ONE, X)
    listed = nnjax.Trace(*([values.tolist() for values in part] for part in trace))
    for view in (nnjax, nnjax.nodewise):
        got, expected = (view.deltas(LINEAR, ONE, of, Y)[0] for of in (listed, trace))
        assert got.dtype == expected.dtype == jnp.float32
        np.testing.assert_array_equal(got, expected)


@pytest.fixture
def counted(monkeypatch):
    """Count the calls of each check from outside nnjax.checks, by the names of the check and its argument."""
    calls, depth = collections.Counter(), []

    def count(function):
        @functools.wraps(function)
        def call(*arguments, **options):
            if not depth and function.__module__ == checks.__name__:
                name = (
                    arguments[0] if arguments and isinstance(arguments[0], str) else next(iter(options), "")
                )
                calls[f"{function.__name__} {name}".strip()] += 1
            elif function.__module__ != checks.__name__:
                calls[function.__name__] += 1
            inside = function.__module__ == checks.__name__
            depth.extend([1] * inside)
            try:
                return function(*arguments, **options)
            finally:
                del depth[len(depth) - inside :]

        return call

    modules = [checks, network, nnjax.backprop, nnjax.columnwise, nnjax.nodewise, nnjax.losses]
    for module in [*modules, training, nnjax.signal_propagation]:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == checks.__name__ or name.startswith("check_"):
                monkeypatch.setattr(module, name, count(function))
    return calls


GATE = {"check_network": 1, "check_params": 1, "floating_dtype": 1, "lookup loss": 1}
BATCH = GATE | {"check_batch": 1, "check_rows": 1, "batch inputs xs": 1, "batch targets ys": 1}


@pytest.mark.parametrize("view", [nnjax, nnjax.columnwise, nnjax.nodewise])
def test_gradients_check_each_argument_once(view, counted):
    view.gradients(LINEAR, ONE, XS, YS, LOGITS)
    assert counted == BATCH


@pytest.mark.parametrize("view", views.VIEWS)
def test_training_checks_each_argument_once(view, counted):
    stop = nnjax.Stop(gradient_norm=0.1, validation=(XS, YS, 0.1))
    stopping = {"number diverged": 1, "number gradient_norm": 1, "number validation threshold": 1}
    assert counted == stopping
    counted.clear()
    options = {"optimizer": optax.sgd(0.1), "epochs": 2, "batch_size": 3, "key": nnjax.key(0), "view": view}
    nnjax.train(LINEAR, ONE, XS, YS, loss=LOGITS, stop=stop, record_every=1, **options)
    assert counted == BATCH | {
        "check_rows": 2,  # the training data, the validation data
        "batch validation xs": 1,
        "batch validation ys": 1,
        "count epochs": 1,
        "count batch_size": 1,
        "count record_every": 1,
        "random_key": 1,
        "whole seed": 1,  # of nnjax.key(0)
        "canonical view": 1,
    }


def test_a_step_and_the_deltas_check_each_argument_once(counted):
    nnjax.train_step(LINEAR, ONE, X, Y, 0.1, LOGITS)
    assert counted == GATE | {"example x": 1, "example y": 1, "number alpha": 1}
    counted.clear()
    trace = nnjax.forward(LINEAR, ONE, X)
    assert counted == {"check_network": 1, "check_params": 1, "floating_dtype": 1, "example x": 1}
    for view in (nnjax, nnjax.nodewise):
        counted.clear()
        view.deltas(LINEAR, ONE, trace, Y, LOGITS)
        parts = {"numbers trace": 3}  # a net input, two activations
        assert counted == GATE | parts | {"check_backward": 1, "check_trace": 1, "example y": 1}


def test_whole_floats_are_integers(without_shape_checks):
    """Numbers from R arrive as floats."""
    assert nnjax.mlp([2.0, 2.0, 1.0]).sizes == (2, 2, 1)
    assert all(type(size) is int for size in nnjax.mlp([np.float32(2), 1]).sizes)
    assert jax.random.key_data(nnjax.key(1.0)).tolist() == jax.random.key_data(nnjax.key(1)).tolist()
    one, other = (nnjax.sweep(jax.random.key_data, seeds, lane=1) for seeds in ([0.0, 1.0], [0, 1]))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["batch_size", "epochs"])
def test_what_must_be_known_is_named_where_it_is_traced(name, without_shape_checks):
    """A sweep's settings are traced."""

    def end(key, **setting):
        options = {"optimizer": optax.sgd(0.1), "epochs": 1} | setting
        return nnjax.train(NET, nnjax.init(NET, key), XS, YS, **options)[1].loss

    with pytest.raises(TypeError, match=rf"{name} must be known when the program is compiled.*nnjax\.study"):
        nnjax.sweep(end, [0], {name: [1, 2]})
    with pytest.raises(TypeError, match=r"setting 'hidden' must be an array of numbers.*nnjax\.study"):
        nnjax.sweep(end, [0], {"hidden": ["relu"]})


def test_nullable_columns_are_numbers(without_shape_checks):
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]})
    expected = nnjax.predict_batch(NET, PARAMS, frame.astype(float))
    np.testing.assert_array_equal(nnjax.predict_batch(NET, PARAMS, frame.convert_dtypes()), expected)
    with pytest.raises(TypeError, match="got DataFrame of object"):
        nnjax.predict_batch(NET, PARAMS, frame.assign(a=["1", "2"]).astype(object))


@pytest.mark.parametrize(
    "ys, network, hint",
    [
        (np.ones(4), NET, r"expected \(4, 1\).* \(one column: values\[:, None\], or frame\["),
        (
            np.ones(4),
            SQUARE,
            r"expected \(4, 3\).*3 classes\? nnjax\.datasets\.one_hot makes columns of labels",
        ),
    ],
)
def test_one_column_gets_a_hint(ys, network, hint, without_shape_checks):
    with pytest.raises(ValueError, match=hint):
        nnjax.total_loss(network, nnjax.init(network, nnjax.key(0)), XS, ys)


@pytest.mark.parametrize(
    "xs, shape, hint",
    [
        ([1, 3, 5], r"\(1, 3\)", r" \(one row\? write \[\[...\]\], or values\[None\] for an array\)"),
        ([1, 3], r"\(2, 3\)", ""),
    ],
    ids=["one row", "neither"],
)
def test_inputs_are_no_classes(xs, shape, hint, without_shape_checks):
    with pytest.raises(ValueError, match=rf"expected {shape}: one column per node{hint}$"):
        nnjax.predict_batch(NET, PARAMS, xs)
