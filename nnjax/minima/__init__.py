"""Is a point a minimum, and a new one? Critical points, certificates, copies, and the paths between them.

Everything is a pure function of one parameter pytree; `jax.vmap` it over seeds.
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
