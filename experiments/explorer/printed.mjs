// What the handout prints for the current step, and where it is wrong.
import { presets } from "./state.mjs";

/** The numbers of the network for each step of the handout's calculation; steps without an id are intermediate sums. */
const PLACES = {
  "weighted input of h₁": { phase: "z0" },
  "net input of h₁": { phase: "z0", ids: ["z.0.0"] },
  "sigmoid activation of h₁": { phase: "a0", ids: ["a.0.0"] },
  "ReLU activation of h₁": { phase: "a0" },
  "δ of the output": { phase: "d1", ids: ["d.1.0"] },
  "weight change h₁ → o": { phase: "w1", ids: ["w.1.0.0"] },
  "updated weight h₁ → o": { phase: "u1", ids: ["u.1.0.0"] },
  "term of h₁'s sum": { phase: "d0" },
  "sum for h₁": { phase: "d0" },
  "δ of h₁": { phase: "d0", ids: ["d.0.0"] },
  "weight change x → h₁": { phase: "w0", ids: ["w.0.0.0", "w.0.1.0", "w.0.2.0"] },
  "updated weight x → h₁": { phase: "u1", ids: ["u.0.0.0", "u.0.1.0", "u.0.2.0"] },
};

/** Whether a state is the handout's own case, before any update. */
export function isHandout(state, golden, epoch) {
  const given = ({ network, params, x, y, rate, assumed }) =>
    JSON.stringify({ network, params, x, y, rate, assumed });
  return epoch === 0 && given(state) === given(Object.values(presets(golden))[0]);
}

/** The handout's rows with their places: {step, formula, text, computed, agrees, why, phase, id}. */
export function printedRows(golden) {
  const counts = {};
  return golden.printed
    .filter((row) => PLACES[row.step])
    .map((row) => {
      const k = (counts[row.step] = (counts[row.step] ?? -1) + 1),
        { phase, ids } = PLACES[row.step];
      return { ...row, phase, id: ids?.[k] ?? null };
    });
}

/** The printed number of an id if it is wrong, in the handout's case; null otherwise. */
export function wronglyPrinted(golden, isHandoutCase) {
  const wrong = new Map(
    printedRows(golden)
      .filter((row) => row.id && !row.agrees)
      .map((row) => [row.id, row]),
  );
  return (id) => (isHandoutCase && wrong.get(id)) || null;
}
