"""The manifest says where the numbers come from."""

import pytest
import tiny

from experiments.runner import expectations
from experiments.runner.manifest import cpu, manifest
from nnjax.sweeps import devices


def test_the_manifest_says_where_the_numbers_come_from():
    about = manifest(tiny.TINY, tiny.Config(), tiny.TOOK, "python -m experiments tiny", smoke=False)
    assert set(about["packages"]) >= {"jax", "jaxlib", "numpy", "nnjax"}
    assert about["prng"] == "threefry2x32"
    assert about["precision"] == "x64 enabled"
    assert len(about["devices"]) == 8
    assert about["device_kind"] == devices.kind()
    assert about["wall_time_seconds"] == 1.0
    assert about["longest_compilation_seconds"] == 0.25
    assert about["smoke"] is False
    assert about["expectations"] == {"at_the_run": expectations.digest()}
    assert set(about["git"] or {"commit": "", "dirty": ""}) == {"commit", "dirty"}


@pytest.mark.parametrize(
    "flags, widest",
    [("sse4_2 avx avx2 avx512f", "AVX-512"), ("fpu sse4_2 avx avx2", "AVX2"), ("", "not told")],
)
def test_the_cpu_is_told_with_its_widest_instruction_set(flags, widest, monkeypatch):
    monkeypatch.setattr(devices, "_cpu", lambda: {"model name": "A CPU", "flags": flags})
    vectors = sorted(name for name in flags.split() if name != "fpu")
    assert cpu() == {"model": "A CPU", "instruction_set": widest, "vectors": vectors}
