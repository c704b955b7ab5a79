"""A trained network in one plain file: NumPy's npz with a JSON header that describes it, and no pickle."""

import json
import os
import pathlib
import secrets
import zipfile
from typing import Any

import jax.numpy as jnp
import numpy as np

from nnjax import checks
from nnjax.network import Layer, Network, Params, check_params

FORMAT = "nnjax network 1"


def save(path: str | os.PathLike, network: Network, params: Params) -> None:
    """Write a network and its parameters to one file, completely or not at all.

    The file is in NumPy's .npz format. The file contains `header`, which is JSON with sizes, activations,
    biases and dtype, and the arrays `weights_1` (in, out), `biases_1` (out,), `weights_2`, ...;
    `numpy.load(path)` reads it without nnjax.

    Raises:
        TypeError: As in `nnjax.forward` for network and params.
        ValueError: As in `nnjax.forward`; also if an activation has no name in `nnjax.ACTIVATIONS`.
        OSError: If the file cannot be written.
    """
    layers = check_params(network, params)
    header = {
        "format": FORMAT,
        "sizes": network.sizes,
        "activations": [_named(layer, entry) for layer, entry in enumerate(network.activations, start=1)],
        "biases": network.biases,
        "dtype": layers[0].weights.dtype.name,
    }
    arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
    for number, layer in enumerate(layers, start=1):
        arrays |= {f"weights_{number}": _plain(layer.weights), f"biases_{number}": _plain(layer.biases)}
    target = pathlib.Path(path)
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(8)}.unfinished")
    try:
        with open(unfinished, "xb") as file:
            np.savez(file, **arrays)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _named(layer: int, entry: Any) -> str | list[str]:
    nodes = entry if isinstance(entry, tuple) else (entry,)
    for node in nodes:
        if not isinstance(node, str):
            raise ValueError(
                f"layer {layer} has the activation {node!r}, which a file cannot store: give it a name with "
                'nnjax.ACTIVATIONS["mine"] = nnjax.Activation(...), before saving and before loading'
            )
    return list(entry) if isinstance(entry, tuple) else entry


def _plain(values: Any) -> np.ndarray:
    """Return the numbers in one of NumPy's own types, or as bytes if NumPy has no such type (bfloat16)."""
    array = np.asarray(values)
    return array if array.dtype.isbuiltin == 1 else array.view(np.dtype((np.void, array.dtype.itemsize)))


def load(path: str | os.PathLike) -> tuple[Network, Params]:
    """Read a network and its parameters from a file that `save` has written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or was not written by `save`; if an activation is missing from
            `nnjax.ACTIVATIONS`; if the parameters are float64 while JAX's x64 flag is off.
    """
    foreign = f"{os.fspath(path)} is damaged, or was not written by nnjax.save"
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            header = json.loads(str(stored["header"]))
            if header["format"] != FORMAT:
                raise ValueError(f"format {header['format']!r}")
            dtype, count = jnp.dtype(header["dtype"]), len(header["sizes"]) - 1
            pairs = [(stored[f"weights_{n}"], stored[f"biases_{n}"]) for n in range(1, count + 1)]
            pairs = [[part.view(dtype) for part in pair] for pair in pairs]
            entries = [tuple(e) if isinstance(e, list) else e for e in header["activations"]]
            described = header["sizes"], tuple(entries), header["biases"]
    except FileNotFoundError:
        raise
    except (OSError, EOFError, KeyError, TypeError, AttributeError, ValueError, zipfile.BadZipFile) as error:
        raise ValueError(f"{foreign} ({error})") from error
    checks.floating_dtype(dtype)
    try:
        network = Network(*described)
        layers = tuple(Layer(*map(jnp.asarray, pair)) for pair in pairs)
        return network, check_params(network, layers)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{os.fspath(path)} cannot be used here: {error}") from error
