"""The manifest says where the numbers come from."""

import tiny

from experiments.runner.manifest import manifest
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
    assert set(about["git"] or {"commit": "", "dirty": ""}) == {"commit", "dirty"}
