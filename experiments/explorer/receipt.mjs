// What a step came to, to be confirmed or refuted in float64: python -m experiments walkthrough --check receipt.json
import { assumedAt } from "./state.mjs";

/** Everything that goes into the step which is shown, and everything that comes out of it. */
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

/** The lines of Python that give the network that is shown. */
export function asPython(state, seen) {
  const { network } = state,
    list = JSON.stringify,
    from = state.from;
  const build = `network = nnjax.Network(${tuple(network.sizes)}, ${tuple(network.activations.map(quoted))}, biases=${network.biases ? "True" : "False"})`;
  if (from && seen.epoch === 0) {
    const [seed, rate, updates] = from;
    return [
      "import numpy as np, optax",
      "import nnjax",
      "xs, ys = nnjax.datasets.xor()",
      build,
      `start = nnjax.init(network, nnjax.key(${seed}), weights="normal", biases="normal")`,
      `params, history = nnjax.train(network, start, xs, ys, optimizer=optax.sgd(${rate}), epochs=${updates}, view="nodes")`,
    ].join("\n");
  }
  const layers = seen.params.map(
    ({ weights, biases }) =>
      `nnjax.Layer(np.array(${list(weights)}), np.array(${list(biases.map(Number))}, float))`,
  );
  return [
    "import jax, numpy as np",
    'jax.config.update("jax_enable_x64", True)',
    "import nnjax",
    build,
    `params = (${layers.join(",\n          ")})`,
    `trace = nnjax.forward(network, params, np.array(${list(state.x)}, float))`,
    `deltas = nnjax.deltas(network, params, trace, np.array(${list(state.y)}, float))`,
  ].join("\n");
}

const quoted = (text) => `"${text}"`;
const tuple = (values) => `(${values.join(", ")})`;
