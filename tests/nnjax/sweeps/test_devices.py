"""The bits depend on the kind of device and on XLA's flags, but never on the number of devices."""

import jax
import pytest

import nnjax
from nnjax.sweeps import devices as kinds

pytestmark = pytest.mark.cpu


def draw(key):
    return jax.random.normal(key)


@pytest.mark.parametrize("what", ["kind", "flags"])
def test_a_folder_of_another_kind_of_cpu_is_refused(tmp_path, monkeypatch, what):
    """XLA compiles for the CPU's vector width and obeys XLA_FLAGS, so the last digits depend on both."""
    nnjax.sweep(draw, [1], folder=tmp_path)
    assert nnjax.sweep(draw, [1], folder=tmp_path).shape == (1,)
    if what == "kind":
        monkeypatch.setattr(kinds, "_cpu", lambda: {"model name": "Another", "flags": "fpu avx512f sse"})
        message = "device: .* there, 'Another avx512f sse' now"
    else:
        given = "--xla_force_host_platform_device_count=2 --xla_cpu_max_isa=AVX"
        monkeypatch.setenv("XLA_FLAGS", given)
        message = r"XLA_FLAGS: \[\] there, \['--xla_cpu_max_isa=AVX'\] now"
    with pytest.raises(ValueError, match=message):
        nnjax.sweep(draw, [1], folder=tmp_path)


def test_use_all_cores_comes_first(devices):
    devices(8)
    assert len(jax.devices()) == 8
    with pytest.raises(RuntimeError, match=r"comes too late, .* In a notebook, restart the kernel"):
        nnjax.use_all_cores()


def test_lanes_run_on_all_devices_of_the_default_platform(devices):
    devices(8)
    assert kinds.chosen() == tuple(jax.devices())
    for default in (jax.devices("cpu")[3], "cpu"):
        with jax.default_device(default):
            assert kinds.chosen() == tuple(jax.devices("cpu"))


class Accelerator:
    """A device that reports its memory."""

    platform = "gpu"

    def __init__(self, stats):
        self.memory_stats = lambda: stats


@pytest.mark.parametrize("stats", [None, {"bytes_in_use": 5}])
def test_memory_of_an_accelerator_that_does_not_tell(stats):
    assert kinds.memory(Accelerator(stats)) == kinds.ASSUMED_MEMORY


def test_memory_of_a_device():
    assert kinds.memory(Accelerator({"bytes_limit": 12345})) == 12345
    assert kinds.memory(jax.devices("cpu")[0]) is None
