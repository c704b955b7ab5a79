// The current step in matrix form.
import { addedUp, show, subscript } from "./formulas.mjs";
import { sse } from "./network.mjs";

const column = (row) => row.map((value) => [value]);

/** The current phase in matrix form: text and matrices in turn. */
export function matrixForm(state, seen) {
  const { kind, layer: l } = seen.phase,
    { network, rate } = state,
    n = subscript(l + 1);
  const below = l === 0 ? "x" : `a${subscript(l)}`,
    W = seen.params[l].weights,
    f = network.activations[l];
  const bias = network.biases ? [" + ", [seen.params[l].biases]] : [];
  const rows = {
    x: () => ["x = ", [state.x]],
    z: () => [
      `z${n} = ${below} W${n}${network.biases ? ` + b${n}` : ""} = `,
      [seen.activations[l]],
      W,
      ...bias,
      " = ",
      [addedUp(state, seen, l)],
    ],
    a: () => [`a${n} = ${f === "sigmoid" ? "σ" : f}(z${n}) = `, [seen.activations[l + 1]]],
    e: () => [
      `SSE = ${show(sse(state.y, seen.activations.at(-1)))}; y − ŷ = `,
      [state.y],
      " − ",
      [seen.activations.at(-1)],
      " = ",
      [state.y.map((y, j) => y - seen.activations.at(-1)[j])],
    ],
    d: () =>
      l === seen.params.length - 1
        ? [
            `δ${n} = 2(y − ŷ) ⊙ f′(z${n}) = 2 · `,
            [state.y.map((y, j) => y - seen.activations.at(-1)[j])],
            " ⊙ ",
            [seen.slopes[l]],
            " = ",
            [seen.deltas[l]],
          ]
        : [
            `δ${n} = W${subscript(l + 2)} δ${subscript(l + 2)} ⊙ f′(z${n}) = `,
            seen.params[l + 1].weights,
            column(seen.deltas[l + 1]),
            " ⊙ ",
            column(seen.slopes[l]),
            " = ",
            column(seen.deltas[l]),
          ],
    w: () => [
      `ΔW${n} = α ${below}ᵀ δ${n} = ${show(rate)} · `,
      column(seen.activations[l]),
      [seen.deltas[l]],
      " = ",
      seen.changes[l].weights,
    ],
    u: () =>
      seen.params.flatMap((layer, k) => [
        `W${subscript(k + 1)} + ΔW${subscript(k + 1)} = `,
        seen.updated[k].weights,
      ]),
  };
  return rows[kind]();
}
