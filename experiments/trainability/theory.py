"""How deep a signal travels before training: the depth scale ξ of a wide random network."""

import math

import numpy as np
import xarray as xr

from nnjax import signal_propagation

CONSTANT = 6
"""Schoenholz et al.'s constant: networks train up to a depth of about this many ξ."""


def depth_scale(activation: str, weight_variance: float) -> tuple[float, float]:
    """Return the factor χ of E|δ|² per layer, and the depth scale ξ = 1/|ln χ|; ξ = ∞ at χ = 1.

    E|δ|² changes by a factor of e over ξ layers. Weights have variance σ_w²/in, and biases are 0 (Schoenholz
    et al. 2017).
    """
    _, chi = signal_propagation.fixed_point(activation, weight_variance)
    if chi == 1:
        return chi, math.inf
    return chi, 1 / abs(math.log(chi)) if chi > 0 else 0.0


def scales(activation: str, variances: np.ndarray) -> xr.Dataset:
    """Return χ and ξ at each variance, along the axis `place`."""
    chi, xi = np.array([depth_scale(activation, float(variance)) for variance in variances]).T
    return xr.Dataset(
        {
            "variance": ("place", variances, {"long_name": "σ_w²: weights have variance σ_w² / inputs"}),
            "chi": ("place", chi, {"long_name": "factor of E|δ|² per layer, towards the input"}),
            "xi": ("place", xi, {"long_name": "depth scale 1 / |ln χ|", "units": "layers"}),
        }
    )
