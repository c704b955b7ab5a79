"""Is a point a minimum, and is it a new one? Critical points, certificates, copies, and paths between minima.

All functions of a parameter pytree are pure, so `jax.vmap` can map them over seeds.
"""

from nnjax.minima.certificate import (
    DEGENERATE,
    FLAT,
    KINK,
    PLATEAU,
    SADDLE,
    STRICT,
    UNFINISHED,
    VERDICTS,
    Certificate,
    certify,
)
from nnjax.minima.landscape import barrier, filter_normalised, group, plane
from nnjax.minima.newton import Objective, Polished, hessian, polish
from nnjax.symmetries import align, canonical

__all__ = [
    "DEGENERATE",
    "FLAT",
    "KINK",
    "PLATEAU",
    "SADDLE",
    "STRICT",
    "UNFINISHED",
    "VERDICTS",
    "Certificate",
    "Objective",
    "Polished",
    "align",
    "barrier",
    "canonical",
    "certify",
    "filter_normalised",
    "group",
    "hessian",
    "plane",
    "polish",
]
