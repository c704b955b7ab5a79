"""The doctor finds this device well, finds what is planted, and says so in words."""

import dataclasses
import io
import sys

import jax
import numpy as np
import pytest

from nnjax import backprop, doctor


@pytest.fixture(scope="module")
def checks():
    return doctor.check()


@pytest.fixture
def gradients_only(monkeypatch):
    """The gradients of the smallest network in both views: two checks per dtype, so that main is fast."""
    every = doctor.cases

    def some(dtype):
        return [case for case in every(dtype) if case.name.startswith("gradients") and case.problem.rows == 4]

    monkeypatch.setattr(doctor, "cases", some)


def test_this_device_computes_what_numpy_computes(checks):
    assert [(check.name, check.error, check.note) for check in doctor.failures(checks)] == []
    assert all(check.error is not None for check in checks)
    assert {check.name.split(", ")[1] for check in checks} == {"float32", "float64"}


def test_the_table_names_versions_and_devices(checks, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "check", lambda: checks)
    assert doctor.main([]) == 0
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= doctor.WIDTH
    environment = dict(line.split(maxsplit=1) for line in printed.split("\n\n")[0].splitlines())
    assert environment["jax"] == jax.__version__
    assert environment["numpy"] == np.__version__
    assert jax.devices()[0].device_kind in environment["devices"]
    assert "This device computes what NumPy computes" in printed


def test_a_planted_wrong_gradient_fails_its_rows_alone(gradients_only, monkeypatch, capsys):
    right = backprop.gradients
    # Half a percent in the first node's weights: more than rounding, too little to be seen in a loss.
    monkeypatch.setattr(
        backprop, "gradients", lambda *batch: jax.tree.map(lambda g: g.at[0].multiply(1.005), right(*batch))
    )
    assert doctor.main([]) == 1
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
    assert doctor.main([]) == 1
    printed = capsys.readouterr().out
    assert printed.count("FloatingPointError: no such kernel on this device") == 2
    assert [line.endswith("ok") for line in printed.splitlines() if line.startswith("gradients by")] == [
        True
    ] * 2


@pytest.mark.parametrize("error", [RuntimeError("no such backend"), AssertionError()])
def test_a_platform_that_is_not_there_is_named(gradients_only, monkeypatch, capsys, error):
    def devices():
        raise error

    monkeypatch.setattr(jax, "devices", devices)
    doctor.main([])
    assert f"none: {str(error) or 'AssertionError'}" in capsys.readouterr().out


def test_a_terminal_without_unicode_is_no_fault(gradients_only, monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(doctor, "verdict", lambda checks: "Σ")
    assert doctor.main([]) == 0
    terminal.flush()
    assert terminal.buffer.getvalue().endswith(b"?\n")


def test_a_device_without_float64_is_not_at_fault(gradients_only, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "has_float64", lambda: False)
    assert doctor.main([]) == 0
    printed = capsys.readouterr().out
    assert printed.count("not available: this device has no float64") == 2
    assert "computes what NumPy computes, in float32." in printed


def test_one_wrong_row_among_many_and_nan_are_seen():
    want = np.ones((16385, 3))
    got = want.copy()
    assert doctor.relative_error([got], [want]) == 0
    got[-1, -1] = 1.25
    assert doctor.relative_error([want, got], [want, want]) == 0.25
    got[0, 0] = np.nan
    assert not doctor.relative_error([got], [want]) <= 1


def test_the_verdict_says_what_to_do(monkeypatch):
    passed = doctor.Check("Σ(Mx)², float64", "3-3", 1e-16, 1e-13, passed=True)
    failed = dataclasses.replace(passed, error=0.1, passed=False)
    monkeypatch.setattr(doctor, "_version", lambda package: "0.10.2")
    assert "Σ(Mx)², float64. jaxlib 0.10.2 is known" in doctor.verdict([passed, failed])
    monkeypatch.setattr(doctor, "_version", lambda package: "0.13.0")
    assert "with jaxlib 0.13.0: try another one" in doctor.verdict([passed, failed])
    avoided = dataclasses.replace(failed, decisive=False)
    assert doctor.failures([passed, avoided]) == []
    assert "nnjax avoids it" in doctor.verdict([passed, avoided])


def test_help_is_printed(capsys):
    with pytest.raises(SystemExit) as leaving:
        doctor.main(["--help"])
    assert leaving.value.code == 0
    assert "JAX_PLATFORMS" in capsys.readouterr().out
