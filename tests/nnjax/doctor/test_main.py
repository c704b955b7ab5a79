"""What the doctor prints: versions, the table, the verdict, and planted faults."""

import dataclasses
import io
import os
import subprocess
import sys

import jax
import numpy as np
import pytest

from nnjax import backprop, doctor
from nnjax.doctor import __main__ as command
from nnjax.doctor import checks


@pytest.fixture
def gradients_only(monkeypatch):
    """Check only the gradients of the smallest network, in both views for each dtype, to make main fast."""
    every = checks.cases

    def some(dtype):
        return [case for case in every(dtype) if case.name.startswith("gradients") and case.problem.rows == 4]

    monkeypatch.setattr(checks, "cases", some)


PASSED = doctor.Check("Σ(Mx)², float64", "3-3", 1e-16, 1e-13, passed=True)
FAILED = dataclasses.replace(PASSED, error=0.1, passed=False)
AVOIDED = dataclasses.replace(FAILED, name="ΣMx, float64", decisive=False)


def test_the_table_names_versions_and_devices(gradients_only, capsys):
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= command.WIDTH
    environment = dict(line.split(maxsplit=1) for line in printed.split("\n\n")[0].splitlines())
    assert environment["jax"] == jax.__version__
    assert environment["numpy"] == np.__version__
    assert jax.devices()[0].device_kind in environment["devices"]
    assert "This device computes what NumPy computes" in printed


def test_what_nnjax_avoids_stands_under_a_line_of_its_own():
    whole = command.table([AVOIDED, PASSED])
    assert "WRONG" not in whole
    table, avoided = whole.split(f"\n\n{command.AVOIDED}\n")
    assert [line.split()[-1] for line in table.splitlines()[1:]] == ["ok"]
    assert avoided.split("  ")[0] == "ΣMx, float64"
    assert avoided.endswith("known, avoided")
    assert command.AVOIDED not in command.table([PASSED, FAILED])


def test_a_planted_wrong_gradient_fails_its_rows_alone(gradients_only, monkeypatch, capsys):
    right = backprop.gradients
    # The first row of each gradient is off by half a percent: more than a rounding error, but too little to
    # show in a loss.
    monkeypatch.setattr(
        backprop, "gradients", lambda *batch: jax.tree.map(lambda g: g.at[0].multiply(1.005), right(*batch))
    )
    assert command.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines if line.endswith("FAILED")] == ["gradients"] * 2
    assert [line.split(",")[0] for line in lines if line.endswith("ok")] == ["gradients by node"] * 2
    assert any(
        line.startswith("2 of 4 checks failed: gradients, float32; gradients, float64.") for line in lines
    )


def test_a_check_that_raises_is_reported_and_the_others_still_run(gradients_only, monkeypatch, capsys):
    def broken(*batch):
        raise FloatingPointError("no such kernel on this device")

    monkeypatch.setattr(backprop, "gradients", broken)
    assert command.main([]) == 1
    printed = capsys.readouterr().out
    assert printed.count("FloatingPointError: no such kernel on this device") == 2
    assert [line.endswith("ok") for line in printed.splitlines() if line.startswith("gradients by")] == [
        True
    ] * 2


@pytest.mark.parametrize("error", [RuntimeError("no such backend"), AssertionError()])
def test_a_platform_that_is_not_there_is_named(gradients_only, monkeypatch, capsys, error):
    def devices(platform=None):
        raise error

    monkeypatch.setattr(jax, "devices", devices)
    assert command.main([]) == 1
    assert f"none: {str(error) or 'AssertionError'}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked, sentence",
    [
        ("cuda", "JAX_PLATFORMS=cuda asks for 'cuda', which JAX does not find here: nnjax[cuda] installs"),
        ("tpu", "JAX_PLATFORMS=tpu asks for 'tpu', which JAX does not find here: nnjax[tpu] installs"),
        ("cdua", "JAX_PLATFORMS=cdua asks for 'cdua', which JAX does not find here: did you mean cuda?"),
    ],
)
def test_what_is_asked_for_but_not_there_is_said_in_a_sentence(asked, sentence):
    missing = subprocess.run(
        [sys.executable, "-m", "nnjax.doctor"],
        env=os.environ | {"JAX_PLATFORMS": asked},
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = " ".join(missing.stdout.split("\n\n")[1].split())
    if "which JAX does not find" not in said:
        pytest.skip(f"this machine has a {asked}")
    assert said.startswith(sentence)
    assert said.endswith("unset JAX_PLATFORMS to use what is available, or set JAX_PLATFORMS=cpu.")
    assert missing.returncode == 1
    assert "Traceback" not in missing.stdout + missing.stderr


def test_a_second_choice_is_used(gradients_only, monkeypatch, capsys):
    monkeypatch.setattr(
        command, "missing", lambda: "JAX_PLATFORMS=cuda,cpu asks for 'cuda', which is not there"
    )
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert "asks for 'cuda', which is not there" in printed
    assert "This device computes what NumPy computes" in printed


def test_it_says_whether_lapack_can_hang(monkeypatch):
    for version, says in [("0.10.1", "can hang"), ("0.11.0", "can hang"), ("0.12.0", "is not known to hang")]:
        monkeypatch.setattr(command, "_version", lambda package, version=version: version)
        assert command.environment()["LAPACK on CPUs"].startswith(f"jaxlib {version} {says}")


def test_a_terminal_without_unicode_is_no_fault(gradients_only, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(command, "verdict", lambda checks: "Σ")
    assert command.main([]) == 0
    terminal.flush()
    assert terminal.buffer.getvalue().endswith(b"?\n")


def test_a_device_without_float64_is_not_at_fault(gradients_only, monkeypatch, capsys):
    monkeypatch.setattr(checks, "has_float64", lambda: False)
    assert command.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.count("not available: this device has no float64") == 2
    assert "computes what NumPy computes, in float32." in printed


def test_the_verdict_says_what_to_do(monkeypatch):
    monkeypatch.setattr(command, "_version", lambda package: "0.10.2")
    assert "Σ(Mx)², float64. jaxlib 0.10.2 is known" in command.verdict([PASSED, FAILED])
    monkeypatch.setattr(command, "_version", lambda package: "0.13.0")
    assert "with jaxlib 0.13.0: try another one" in command.verdict([PASSED, FAILED])
    assert command.failures([PASSED, AVOIDED]) == []
    assert "nnjax avoids it" in command.verdict([PASSED, AVOIDED])


def test_help_is_printed(capsys):
    with pytest.raises(SystemExit) as leaving:
        command.main(["--help"])
    assert leaving.value.code == 0
    assert "JAX_PLATFORMS" in capsys.readouterr().out
