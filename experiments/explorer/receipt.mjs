// The result of a step, to be confirmed or refuted in float64: python -m experiments walkthrough --check receipt.json
import { assumedAt } from "./state.mjs";

/** Everything that goes into the current step, and everything that comes out of it. */
export function receipt(state, seen) {
  return {
    kind: "nnjax explorer receipt",
    version: 1,
    given: {
      network: state.network,
      params: seen.params,
      x: state.x,
      y: state.y,
      rate: state.rate,
      assumed: assumedAt(state, seen.epoch),
    },
    claimed: {
      net_inputs: seen.netInputs,
      activations: seen.activations.slice(1),
      deltas: seen.deltas,
      weight_changes: seen.changes.map((layer) => layer.weights),
      bias_changes: seen.changes.map((layer) => layer.biases),
      new_weights: seen.updated.map((layer) => layer.weights),
      new_biases: seen.updated.map((layer) => layer.biases),
    },
  };
}
