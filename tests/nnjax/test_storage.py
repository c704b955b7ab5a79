"""A saved network is loaded bit for bit, and other files are refused."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nnjax

NETWORK = nnjax.Network((3, 2, 2), (("ReLU", "tanh"), "identity"))
pytestmark = pytest.mark.usefixtures("without_shape_checks")


def drawn(dtype=jnp.float32, network=NETWORK):
    biases = "normal" if network.biases else "zeros"
    return nnjax.init(network, nnjax.key(1), "normal", biases, dtype=dtype)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.float32, jnp.float64])
def test_the_same_bits_come_back(dtype, tmp_path):
    path, params = tmp_path / "xor.nnjax", drawn(dtype)
    nnjax.save(path, NETWORK, params)
    network, back = nnjax.load(path)
    assert network == NETWORK
    assert [path.name for path in tmp_path.iterdir()] == ["xor.nnjax"]
    for one, other in zip(jax.tree.leaves(back), jax.tree.leaves(params), strict=True):
        assert one.dtype == other.dtype
        assert np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_numpy_alone_reads_it(tmp_path):
    params = drawn()
    nnjax.save(str(tmp_path / "a"), NETWORK, params)
    with np.load(tmp_path / "a", allow_pickle=False) as file:
        header = json.loads(str(file["header"]))
        np.testing.assert_array_equal(file["weights_1"], params[0].weights)
    assert header["sizes"] == [3, 2, 2]
    assert header["activations"] == [["relu", "tanh"], "identity"]


def test_lists_are_saved_and_a_file_is_replaced_whole(tmp_path):
    network = nnjax.mlp((1, 1), biases=False)
    nnjax.save(tmp_path / "a", network, drawn(network=network))
    nnjax.save(tmp_path / "a", network, [([[0.5]], [0.0])])
    assert nnjax.load(tmp_path / "a")[1][0].weights.tolist() == [[0.5]]
    assert nnjax.load(tmp_path / "a")[0] == network


def test_float64_needs_the_flag(tmp_path):
    nnjax.save(tmp_path / "a", NETWORK, drawn(jnp.float64))
    with jax.enable_x64(False), pytest.raises(ValueError, match="float64 needs"):
        nnjax.load(tmp_path / "a")


def test_an_activation_without_a_name_is_refused(tmp_path):
    network = nnjax.mlp((3, 2, 2), jax.nn.mish)
    with pytest.raises(
        ValueError, match=r"layer 1 has the activation Activation\(mish, jax.grad\), which a file"
    ):
        nnjax.save(tmp_path / "a", network, drawn(network=network))
    assert not list(tmp_path.iterdir())


def test_an_activation_that_is_not_there_when_loading(tmp_path, monkeypatch):
    monkeypatch.setitem(nnjax.ACTIVATIONS, "mine", nnjax.activations.find(jax.nn.mish))
    network = nnjax.mlp((3, 2, 2), "mine")
    nnjax.save(tmp_path / "a", network, drawn(network=network))
    monkeypatch.delitem(nnjax.ACTIVATIONS, "mine")
    with pytest.raises(ValueError, match="cannot be used here: unknown activation 'mine'"):
        nnjax.load(tmp_path / "a")


def written(path, **parts):
    with path.open("wb") as file:
        np.savez(file, **parts)


def foreign(path):
    written(path, x=np.ones(3))


def pickled(path):
    written(path, header=np.array([{}], object))


def truncated(path):
    nnjax.save(path, NETWORK, drawn())
    path.write_bytes(path.read_bytes()[:-40])


def one_byte_off(path):
    nnjax.save(path, NETWORK, drawn())
    content = bytearray(path.read_bytes())
    content[content.index(np.asarray(drawn()[0].weights).tobytes())] ^= 1
    path.write_bytes(bytes(content))


def other_sizes(path):
    nnjax.save(path, NETWORK, drawn())
    with np.load(path) as file:
        parts = dict(file)
    parts["weights_2"] = parts["weights_1"]
    written(path, **parts)


@pytest.mark.parametrize(
    "make",
    [
        foreign,
        pickled,
        truncated,
        one_byte_off,
        other_sizes,
        lambda path: path.write_text("weights"),
        lambda path: path.touch(),
    ],
)
def test_damaged_and_foreign_files_are_a_value_error(make, tmp_path):
    make(tmp_path / "a")
    with pytest.raises(ValueError, match=r"a (is damaged, or was not written by|cannot be used here)"):
        nnjax.load(tmp_path / "a")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        nnjax.load(tmp_path / "a")
