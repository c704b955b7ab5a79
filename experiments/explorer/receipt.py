"""Checking a receipt: nnjax recomputes, in float64, the numbers that the page gives for one step."""

import json
import math
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

import nnjax

KIND = "nnjax explorer receipt"
TOLERANCE = 1e-12
"""How much the results of JavaScript and XLA may differ, relative to the largest number in a layer."""


class Claim(NamedTuple):
    """The numbers of one kind in one layer.

    Attributes:
        name: The numbers' name, such as "deltas of layer 1".
        claimed: The receipt's numbers.
        computed: nnjax's numbers.
    """

    name: str
    claimed: np.ndarray
    computed: np.ndarray

    @property
    def holds(self) -> bool:
        """Whether both agree within `TOLERANCE`."""
        if self.claimed.shape != self.computed.shape:
            return False
        room = TOLERANCE * max(1e-300, float(np.abs(self.computed).max(initial=0)))
        return bool(np.all(np.abs(self.claimed - self.computed) <= room))

    def __str__(self) -> str:
        if self.holds:
            return f"confirmed: {self.name}"
        return f"refuted: {self.name}: claimed {self.claimed.tolist()}, computed {self.computed.tolist()}"


def read(path: pathlib.Path) -> list[Claim]:
    """Read a receipt, and recompute its claims.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is not a receipt, or is damaged; the message says how.
    """
    try:
        receipt = json.loads(path.read_text("utf-8"))
        if receipt["kind"] != KIND or receipt["version"] != 1:
            raise ValueError(f"kind must be {KIND!r}, version 1")
        return list(_claims(receipt["given"], receipt["claimed"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a receipt from the explorer, or is damaged: {error}") from error


def _claims(given: Mapping[str, Any], claimed: Mapping[str, Any]) -> Iterator[Claim]:
    """Pair every layer's claimed numbers with the computed ones."""
    for name, layers in _computed(given).items():
        if len(claimed[name]) != len(layers):
            raise ValueError(f"{name} must have {len(layers)} layers, got {len(claimed[name])}")
        for number, (theirs, ours) in enumerate(zip(claimed[name], layers, strict=True), start=1):
            yield Claim(f"{name.replace('_', ' ')} of layer {number}", np.asarray(theirs, float), ours)


def _computed(given: Mapping[str, Any]) -> dict[str, list[np.ndarray]]:
    """Compute one step with nnjax in float64, under the receipt's names."""
    described = given["network"]
    sizes, names = (tuple(described[part]) for part in ("sizes", "activations"))
    network = nnjax.Network(sizes, names, described["biases"])
    params = tuple(nnjax.Layer(_array(p["weights"]), _array(p["biases"])) for p in given["params"])
    rate = float(given["rate"])
    trace = _assumed(nnjax.forward(network, params, _array(given["x"])), given["assumed"])
    deltas = nnjax.deltas(network, params, trace, _array(given["y"]))
    changes = [nnjax.weight_change(rate, d, a) for d, a in zip(deltas, trace.activations[:-1], strict=True)]
    shifts = [rate * d if network.biases else 0 * d for d in deltas]
    columns = {
        "net_inputs": trace.net_inputs,
        "activations": trace.activations[1:],
        "deltas": deltas,
        "weight_changes": changes,
        "bias_changes": shifts,
        "new_weights": [layer.weights + change for layer, change in zip(params, changes, strict=True)],
        "new_biases": [layer.biases + shift for layer, shift in zip(params, shifts, strict=True)],
    }
    return {name: [np.asarray(values) for values in layers] for name, layers in columns.items()}


def _array(values: Any) -> Any:
    return jnp.asarray(values, dtype=jnp.float64)


def _assumed(trace: nnjax.Trace, activation: float | None) -> nnjax.Trace:
    """Replace the output's activation by the one the handout assumes, and adjust its net input to match."""
    if activation is None:
        return trace
    net_input = _array([math.log(activation) - math.log1p(-activation)])
    return nnjax.Trace((*trace.net_inputs[:-1], net_input), (*trace.activations[:-1], _array([activation])))
