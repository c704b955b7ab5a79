"""Strict settings: float64, no silent broadcasting or promotion, shapes checked at every call."""

import jax
from jaxtyping import install_import_hook

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")

with install_import_hook("nnjax", "beartype.beartype"):
    import nnjax  # noqa: F401
