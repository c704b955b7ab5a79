"""The same network in Flax: parameters to and from flax.linen and flax.nnx, and modules that use them.

`import nnjax` does not import this module, since Flax takes a second to load: write
`from nnjax import interop`.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.lax import Precision
from jaxtyping import Array

from nnjax.activations import ACTIVATIONS, Kind, resolve
from nnjax.network import Layer, Network, Params, check_params

try:
    from flax import linen, nnx
except ModuleNotFoundError as error:
    raise ImportError("nnjax.interop needs Flax: pip install 'nnjax[flax]'") from error


def _functions(network: Network) -> list[Callable[[Array], Array]]:
    """Return Flax's function for each layer."""
    functions = []
    for layer, names in enumerate(network.activations, start=1):
        distinct = set(names) if isinstance(names, tuple) else {names}
        if len(distinct) > 1:
            raise ValueError(
                f"layer {layer} has different activations, {names}; Flax has no such layer: "
                "use one activation for the whole layer"
            )
        functions.append(_function(distinct.pop()))
    return functions


def _function(kind: Kind) -> Callable[[Array], Array]:
    function = resolve(kind).flax
    if function is None:
        accepted = ", ".join(other for other in ACTIVATIONS if ACTIVATIONS[other].flax)
        raise ValueError(f"activation {kind!r} names no Flax function; accepted: {accepted}")
    return function


class _Linen(linen.Module):
    """Dense layers with their activations; Flax names the layers Dense_0, Dense_1, ..."""

    network: Network

    @linen.compact
    def __call__(self, x: Array) -> Array:
        for width, function in zip(self.network.sizes[1:], _functions(self.network), strict=True):
            dense = linen.Dense(width, use_bias=self.network.biases, precision=Precision.HIGHEST)
            x = function(dense(x))
        return x


def linen_module(network: Network) -> linen.Module:
    """Make a flax.linen module that computes `network`: `module.apply(to_linen(network, params), x)`.

    Raises:
        ValueError: If a layer has different activations, or an activation for which Flax has no function.
    """
    _functions(network)
    return _Linen(network)


def to_linen(network: Network, params: Params) -> dict[str, dict[str, dict[str, Array]]]:
    """Turn parameters into Flax's form {'params': {'Dense_0': {'kernel': (in, out), 'bias': (out,)}, ...}}.

    Raises:
        TypeError, ValueError: As in `nnjax.forward` for params, and as in `linen_module` for network.
    """
    params = check_params(network, params)
    _functions(network)

    def entry(layer: Layer) -> dict[str, Array]:
        return {"kernel": layer.weights} | ({"bias": layer.biases} if network.biases else {})

    return {"params": {f"Dense_{index}": entry(layer) for index, layer in enumerate(params)}}


def from_linen(network: Network, variables: Mapping[str, Any], order: Sequence[str] | None = None) -> Params:
    """Take parameters for nnjax from Flax's {'params': ...}: the dense layers in the order of their numbers.

    Flax numbers layers in the order in which they are made. If a layer is made inside the call of another
    layer, this is not the order in which the layers act: in Dense(3)(tanh(Dense(3)(x))), the outer layer is
    Dense_0. Pass `order` for such a module.

    Args:
        network: The same network.
        variables: What `module.init` returns.
        order: The names of the layers, first hidden layer first. By default, the layers are sorted by their
            numbers.

    Raises:
        ValueError: If there are no 'params', or there are other collections, too; if a layer is not dense, or
            the shapes do not fit the network; if the numbers in the names give no order, or a different order
            from the one in which the layers were called; if `order` does not name each of the layers.
    """
    layers = variables.get("params") if isinstance(variables, Mapping) else None
    if not isinstance(layers, Mapping) or not layers:
        raise ValueError(f"variables must be Flax's {{'params': {{layer: ...}}}}, got {_kind(variables)}")
    others = sorted(name for name, collection in variables.items() if name != "params" and collection)
    if others:
        raise ValueError(
            f"variables contain {', '.join(others)} as well as 'params', and nnjax can use only 'params': "
            "take a module that needs nothing else"
        )
    called = list(layers)  # unbox sorts them
    layers = linen.unbox(layers)
    for name, entry in layers.items():
        if not isinstance(entry, Mapping) or not {"kernel"} <= set(entry) <= {"kernel", "bias"}:
            raise ValueError(f"{name!r} is not a dense layer with a kernel and a bias, got {_kind(entry)}")
    names = _ordered(layers) if order is None else _as_said(layers, order)
    shapes = {np.shape(entry["kernel"]) for entry in layers.values()}
    if order is None and len(names) > 1 and len(shapes) == 1 and called not in (names, sorted(called)):
        raise ValueError(
            f"layers were called in the order {', '.join(called)}, which is not the order of "
            "their numbers, and the shapes do not show which one is right: pass order=[...], with the first "
            "hidden layer first"
        )
    return _params(network, [(layers[name]["kernel"], layers[name].get("bias")) for name in names])


def _as_said(layers: Mapping[str, Any], order: Sequence[str]) -> list[str]:
    if isinstance(order, str) or sorted(map(str, order)) != sorted(map(str, layers)):
        raise ValueError(f"order must name each of the layers {', '.join(map(str, layers))}, got {order!r}")
    return list(order)


def _ordered(names: Iterable[str]) -> list[str]:
    """Sort layers by number; the order of a dict cannot be trusted, since JAX sorts keys alphabetically."""
    numbers = {name: [int(part) for part in re.findall(r"\d+", str(name))] for name in names}
    ordered = sorted(numbers, key=numbers.__getitem__)
    alike = len({re.sub(r"\d+", "#", str(name)) for name in ordered}) == 1
    if not alike or any(numbers[a] == numbers[b] for a, b in itertools.pairwise(ordered)):
        raise ValueError(
            f"layers {', '.join(map(str, ordered))} have no numbers that say which comes first; "
            "use names such as Dense_0, Dense_1, or pass order=[...], first hidden layer first"
        )
    return ordered


def _kind(value: Any) -> str:
    return f"a mapping of {sorted(value)}" if isinstance(value, Mapping) else type(value).__name__


def _params(network: Network, layers: list[tuple[Any, Any]]) -> Params:
    with_biases = [bias is not None for _, bias in layers]
    if with_biases != [network.biases] * len(layers):
        raise ValueError(f"layers have biases: {with_biases}; expected {network.biases} for every layer")
    kernels = [jnp.asarray(kernel) for kernel, _ in layers]
    biases = [
        jnp.zeros(kernel.shape[-1:], kernel.dtype) if bias is None else jnp.asarray(bias)
        for kernel, (_, bias) in zip(kernels, layers, strict=True)
    ]
    params = tuple(Layer(kernel, bias) for kernel, bias in zip(kernels, biases, strict=True))
    check_params(network, params)
    return params


class _Nnx(nnx.Module):
    """Linear layers with their activations."""

    def __init__(self, network: Network, params: Params) -> None:
        self.network = network
        self.layers = nnx.List(_linear(network, layer) for layer in params)

    def __call__(self, x: Array) -> Array:
        for linear, function in zip(self.layers, _functions(self.network), strict=True):
            x = function(linear(x))
        return x


def _linear(network: Network, layer: Layer) -> nnx.Linear:
    made = nnx.Linear(
        *layer.weights.shape,
        use_bias=network.biases,
        param_dtype=layer.weights.dtype,
        precision=Precision.HIGHEST,
        rngs=nnx.Rngs(0),
    )
    made.kernel = nnx.Param(layer.weights)
    if network.biases:
        made.bias = nnx.Param(layer.biases)
    return made


def to_nnx(network: Network, params: Params) -> nnx.Module:
    """Make a flax.nnx module that computes `network` with these parameters; its `layers` are nnx.Linear.

    Raises:
        TypeError, ValueError: As in `to_linen`.
    """
    params = check_params(network, params)
    _functions(network)
    return _Nnx(network, params)


def from_nnx(network: Network, module: Any, order: Sequence[str] | None = None) -> Params:
    """Take parameters for nnjax from a module of nnx.Linear layers; functions between them are skipped.

    The layers are the module's `layers` (as in a module from `to_nnx`, or an nnx.Sequential), or its
    attributes in the order of their numbers, such as fc1, fc2. If the module contains nothing but another
    module, the layers of the inner module are used. Dropout is skipped, too: nnjax computes what the module
    computes after training.

    Args:
        network: The same network.
        module: The module.
        order: The names of the attributes that are layers, first hidden layer first. By default, the layers
            are sorted by their numbers. A module with `layers` takes no order, since these are in order.

    Raises:
        ValueError: If there are no nnx.Linear layers, or there are layers of another kind, or further modules
            or variables; if the numbers in the names give no order, `order` does not name each of the layers,
            or is given although the module has `layers`, or the shapes do not fit the network.
    """
    modules = [
        layer
        for layer in _nnx_layers(module, order)
        if isinstance(layer, nnx.Module) and not isinstance(layer, nnx.Dropout)
    ]
    layers = [layer for layer in modules if isinstance(layer, nnx.Linear)]
    if not layers or len(layers) < len(modules):
        got = ", ".join(type(layer).__name__ for layer in modules) or "none"
        raise ValueError(f"module must have nnx.Linear layers, in `layers` or as fc1, fc2, ...; got {got}")
    return _params(
        network,
        [(layer.kernel[...], layer.bias[...] if layer.bias is not None else None) for layer in layers],
    )


def _nnx_layers(module: Any, order: Sequence[str] | None) -> list[Any]:
    layers = getattr(module, "layers", None)
    attributes = vars(module) if isinstance(module, nnx.Module) else {}
    listed = isinstance(layers, Iterable) and not isinstance(layers, Mapping)
    unused = nnx.Variable | nnx.Module if listed else nnx.Variable
    beside = [name for name, value in attributes.items() if name != "layers" and isinstance(value, unused)]
    if beside:
        raise ValueError(
            f"module has {', '.join(beside)} as well as its layers, and nnjax has no place for this: "
            "only nnx.Linear layers are accepted"
        )
    if isinstance(layers, Iterable) and listed:
        if order is not None:
            raise ValueError(
                f"order must be None for a module with `layers`, which are in order already; got {order!r}"
            )
        return list(layers)
    named = {
        name: value
        for name, value in attributes.items()
        if isinstance(value, nnx.Module) and not isinstance(value, nnx.Dropout)
    }
    if order is not None:
        return [named[name] for name in _as_said(named, order)]
    if len(named) == 1 and not isinstance(next(iter(named.values())), nnx.Linear):
        return _nnx_layers(next(iter(named.values())), None)
    return [named[name] for name in _ordered(named)] if named else []
