"""If a newcomer adds one activation and one loss to a copy of the tables, every test includes them."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
MISH = '''

def mish(z: Nodes) -> Nodes:
    """f(z) = z tanh(ln(1 + eᶻ)) (Misra 2019)."""
    return z * jnp.tanh(jax.nn.softplus(z))


def mish_derivative(z: Nodes, a: Nodes) -> Nodes:
    """f' = t + z (1 - t²) σ(z), t = tanh(ln(1 + eᶻ))."""
    t = jnp.tanh(jax.nn.softplus(z))
    return t + z * (1 - t) * (1 + t) * jax.nn.sigmoid(z)


ACTIVATIONS["mish"] = Activation(mish, mish_derivative, flax=jax.nn.mish)
'''
CUBED = '''

def cubed_error(y: Outputs, y_hat: Outputs) -> Float[Array, ""]:
    """L = Σⱼ |yⱼ - ŷⱼ|³."""
    _same_shape(y, y_hat)
    return jnp.sum(jnp.abs(y - y_hat) ** 3)


def cubed_error_derivative(y: Outputs, y_hat: Outputs) -> Outputs:
    """∂L/∂ŷ = -3 (y - ŷ) |y - ŷ|."""
    _same_shape(y, y_hat)
    return -3 * (y - y_hat) * jnp.abs(y - y_hat)


LOSSES["cubed_error"] = Loss(cubed_error, cubed_error_derivative)
'''
TESTS = [
    "tests/nnjax/test_activations.py",
    "tests/nnjax/test_losses.py",
    "tests/nnjax/test_backprop.py",
    "tests/nnjax/test_columnwise.py",
    "tests/nnjax/test_nodewise.py",
    "tests/nnjax/test_symmetries.py",
    "tests/nnjax/test_signal_propagation.py",
    "tests/nnjax/test_interop.py",
    "tests/experiments/test_activations.py",
    "tests/experiments/explorer/test_flow.py",
    "tests/experiments/explorer/test_network.py",
]
CHOSEN = (
    "mish or cubed_error or cover_both_tables or test_random_architectures"
    " or one_more_activation or test_expected or names_of_the_activations"
)


@pytest.fixture
def copy(tmp_path):
    """Copy the code and its tests, with a tenth activation and a fourth loss."""
    for name in ("nnjax", "experiments", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, entry in {"activations": MISH, "losses": CUBED}.items():
        with (tmp_path / "nnjax" / f"{name}.py").open("a", encoding="utf-8") as file:
            file.write(entry)
    return tmp_path


@pytest.mark.slow
def test_every_test_takes_up_a_new_activation_and_a_new_loss(copy, pytestconfig):
    cache = pytestconfig.cache.mkdir("extension")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "-vv",
        "-o",
        f"cache_dir={cache}",
    ]
    done = subprocess.run(
        [*command, "-k", CHOSEN, *TESTS],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    passed = re.findall(r"^tests/(.+?)\.py::(.+) PASSED", done.stdout, re.MULTILINE)
    for name in TESTS:
        file = name.removeprefix("tests/").removesuffix(".py")
        assert any(where == file for where, _ in passed), f"no test of {name} takes it up"
    for expected in (
        "test_derivative_equals_jax_grad[mish]",
        "test_derivative_equals_jax_grad[cubed_error]",
        "test_gradients_equal_jax_grad[activation mish]",
        "test_gradients_equal_jax_grad[loss cubed_error]",
        "test_canonical_undoes_any_symmetry_and_keeps_the_function[activation mish]",
        "test_linen_computes_the_same[mish]",
        "test_nnx_computes_the_same[mish]",
    ):
        assert f"::{expected} PASSED" in done.stdout


def test_the_activation_is_written_as_a_newcomer_would():
    """All that a new activation needs is in one file: no other file names an activation or a loss."""
    known = re.compile(r"""["'](relu|elu|leaky_relu|softplus|silu|gelu|softmax_cross_entropy)["']""")
    for name in ("symmetries", "signal_propagation", "interop", "network", "checks", "backprop", "training"):
        assert not known.findall((ROOT / "nnjax" / f"{name}.py").read_text("utf-8"))
