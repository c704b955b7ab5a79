"""Functions that read the data of the vanishing-gradients experiment, for findings, tables and figures."""

from typing import NamedTuple

import numpy as np
import xarray as xr

LEARNT = 0.9
"""A network has learnt if its loss ends below this share of the best constant answer's loss."""
ROUNDING = 2.0**-24
"""Half the relative spacing of float32 numbers: a smaller relative change in a weight is lost."""
EDGE = 3
"""Layers next to the input that are left out, since their mean squares have not settled yet."""
TITLES = {"digits": "digits", "iris": "Iris"}
"""{group of the data with networks of growing depth: its name in texts}."""


class Widest(NamedTuple):
    """The widest network of a kind: its width, and |δₗ| / |δ_L|, (layer, seed)."""

    width: int
    delta: np.ndarray


def widest(birth: xr.Dataset, activation: str, init: str) -> Widest | None:
    """Find the widest network of this kind that was drawn and fits in float32; None if there is none."""
    if activation not in birth["activation"].values or init not in birth["init"].values:
        return None
    delta = birth["delta"].sel(activation=activation, init=init).dropna("width", how="any")
    if not delta.sizes["width"]:
        return None
    delta = delta.isel(width=-1)
    return Widest(int(delta["width"]), delta.transpose("layer", "seed").values)


def has_relu_pair(birth: xr.Dataset) -> bool:
    """Return whether ReLU networks were drawn with both He's and Glorot's weights."""
    drawn = set(birth["init"].values)
    return {"he_normal", "glorot_normal"} <= drawn and "relu" in birth["activation"].values


def was_drawn(birth: xr.Dataset, width: int, init: str) -> bool:
    """Return whether these initial weights were drawn at this width."""
    return bool(birth["activation_norm"].sel(width=width, init=init).notnull().any())


class Factors(NamedTuple):
    """The factor |δₗ|²/|δₗ₊₁|²: each seed's mean over inner layers (seed,), and mean-field theory's mean."""

    measured: np.ndarray
    theory: float


def factors(birth: xr.Dataset, width: int, activation: str, init: str) -> Factors | None:
    """Average the factor by which |δ|² changes per layer.

    Return None if fewer than two inner layers fit in float32.
    """
    part = birth.sel(width=width, activation=activation, init=init)
    delta, ratio = (part[name].transpose("layer", "seed").values for name in ("delta", "ratio"))
    inner = np.arange(EDGE, len(delta) - 2)
    # Only those layers count in which every input has a ratio and δ is far above the smallest float32 number.
    inner = inner[np.all((delta[inner] > 1e-30) & np.isfinite(ratio[inner]), axis=1)]
    if len(inner) < 2 or not np.isfinite(part["activation_norm"]).all():
        return None
    squares = part["predicted"].values
    return Factors(ratio[inner].mean(axis=0), float(np.mean(squares[inner] / squares[inner + 1])))


def weight_gradient(birth: xr.Dataset, init: str, width: int) -> np.ndarray:
    """Compute |∂f/∂Wₗ| = |aₗ₋₁| |δₗ| of ReLU networks, (layer, seed); |a₀|² is the width."""
    part = birth.sel(activation="relu", init=init, width=width).transpose("layer", "seed", ...)
    norms = part["activation_norm"].values
    before = np.concatenate([np.full_like(norms[:1], np.sqrt(width)), norms[:-1]])
    return before * part["delta"].values


def first_delta(birth: xr.Dataset, init: str) -> np.ndarray:
    """Return |δ₁| of ReLU networks, (width, depth, seed)."""
    part = birth["first_delta"].sel(activation="relu", init=init)
    return part.transpose("width", "depth", "seed").values.astype(float)


def best(trained: xr.Dataset) -> xr.Dataset:
    """Select for each recipe the rate with the smallest loss after the last epoch, averaged over the seeds.

    All rates that were tried are kept in `tried`, (..., setting). The rate is chosen and judged on the same
    seeds, which favours every recipe a little; but a recipe that fails at its best rate fails at every rate.
    """
    loss = trained["loss"].isel(epoch=-1, drop=True).mean("seed", skipna=False)
    return trained.isel(setting=loss.fillna(np.inf).argmin("setting")).assign(tried=trained["rate"])


def last(chosen: xr.Dataset, name: str) -> np.ndarray:
    """Return the loss or accuracy after the last epoch for the recipes that `best` selected, (..., seed)."""
    return chosen[name].isel(epoch=-1).transpose(..., "seed").values


def first_failing(chosen: xr.Dataset, start: str) -> np.ndarray:
    """Find the smallest depth at which a network does not learn, (seed,).

    Return inf if it learns at every depth; a NaN loss means divergence.
    """
    failed = ~(last(chosen.sel(start=start), "loss") < LEARNT * float(chosen["constant"]))
    return np.where(failed.any(axis=0), chosen["depth"].values[np.argmax(failed, axis=0)], np.inf)
