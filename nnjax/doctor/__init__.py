"""Does this device compute what NumPy computes? `python -m nnjax.doctor` prints a table and the answer.

The same networks, data and parameters go through nnjax, jitted on JAX's default device, and through the few
NumPy formulas of reference.py in float64, which use neither JAX nor nnjax.

One fault of jaxlib on CPUs (jax-ml/jax issue 39103) must not be missed, because nothing else shows it.
With one matrix M (out, in) for all rows xs (n, in),

    jax.jit(jax.vmap(lambda x: jnp.sum((M @ x) ** 2)))(xs)

gives row n the result of an earlier row (row n - 64, in the cases examined), starting at row 16384 in float64
and at row 32768 in float32. At least 16385 or 32769 rows are therefore needed to see the fault.
The following was measured with Gaussian M and xs:

- In jaxlib 0.10.2, reductions of M @ x over M's outputs are wrong in both dtypes: the sum, mean, maximum and
  minimum of M @ x, and the sums of |M @ x| and of (M @ x)². In 0.9.2, 0.10.0 and 0.10.1 only float32
  is affected, and only the sum, mean, maximum and minimum of M @ x itself: ΣMx is wrong, but Σ(Mx)² is not.
  Versions 0.11.0, 0.11.1 and 0.12.0 give the right results.
- Without jit all results are right. With jit, M @ x and (M @ x)² are right without a reduction, and so is
  x @ W, which nnjax uses in its forward pass. `Precision.HIGHEST` does not help.
- The sizes of M that are affected in float32 are 2 or 3 outputs with 3 inputs; in float64 they are 2 to 6
  outputs with 3 inputs, and most of those with 2 to 7 outputs and 5 to 7 inputs. The fault was not seen with
  1 or 8 outputs, nor with 1, 2, 4, 8, 9 or 16 inputs.
- The fault occurs with up to 43520 rows for a 3 x 3 matrix, in both dtypes, and with up to 21760 for 6 x 6;
  with more rows the result is right again.
- In nnjax, `gradients`, and sums and norms of `deltas`, were right even on 0.10.1 and 0.10.2.
  `deltas_as_printed`, whose formula contains a ΣMx, is checked separately.

jax 0.10 also had a fault in scan under vmap on GPUs (jax-ml/jax issue 36958, fixed in 0.11.1); the checks
named "training" look for it.
"""

from nnjax.doctor.checks import Check, run_checks

__all__ = ["Check", "run_checks"]
