"""Does this device compute what NumPy computes? `python -m nnjax.doctor` prints a table and the answer.

The same networks, data and parameters go through nnjax, jitted on JAX's default device, and through the few
NumPy formulas of reference.py in float64, which use neither JAX nor nnjax.

The fault it must not miss, because nothing else shows it, is in jaxlib on CPUs (jax-ml/jax issue 39103). With
one matrix M (out, in) for all rows xs (n, in),

    jax.jit(jax.vmap(lambda x: jnp.sum((M @ x) ** 2)))(xs)

gives row n the result of an earlier row (n - 64, in the cases examined), from row 16384 on in float64 and
from row 32768 on in float32: 16385 and 32769 rows are the fewest that show it. Measured with Gaussian M and
xs:

- jaxlib 0.10.2, both dtypes: M @ x reduced over M's outputs is wrong, whether by the sum, mean, maximum or
  minimum of M @ x, or the sum of |M @ x| or (M @ x)². 0.9.2, 0.10.0 and 0.10.1: only in float32, and only
  sum, mean, maximum and minimum of M @ x itself; so ΣMx, but not Σ(Mx)². 0.11.0, 0.11.1 and 0.12.0 are right.
- Without jit everything is right, and so are M @ x and (M @ x)² without a reduction, and x @ W, which is how
  nnjax runs forward. `Precision.HIGHEST` does not help.
- M, float32: 2 or 3 outputs with 3 inputs. Float64: 2 to 6 outputs with 3 inputs, and most of 2 to 7 outputs
  with 5 to 7 inputs. Not seen with 1 or 8 outputs, nor with 1, 2, 4, 8, 9 or 16 inputs.
- n: up to 43520 rows for 3 x 3, in both dtypes, up to 21760 for 6 x 6; with more rows it is right again.
- nnjax: `gradients`, and sums and norms of `deltas`, were right even on 0.10.1 and 0.10.2.
  `deltas_as_printed`, whose formula is a ΣMx, is checked separately.

jax 0.10 also had a fault in scan with vmap on GPUs (jax-ml/jax issue 36958, gone in 0.11.1); the checks named
"training" look for it.
"""

from nnjax.doctor.checks import Check, run_checks

__all__ = ["Check", "run_checks"]
