// The lines of Python that give what a scene shows.
import { assumedAt } from "./state.mjs";

const tuple = (values) => `(${values.join(", ")})`;
const array = (values) => `np.array(${JSON.stringify(values)}, float)`;

/** The network of scene 1, with its δ; a network from scene 4 is trained again from its seed. */
export function stepPython(state, seen) {
  if (state.from && seen.epoch === 0) {
    const [seed, rate, updates] = state.from;
    return xorPython(state.network.sizes[1], rate, seed, updates);
  }
  const { sizes, activations, biases } = state.network,
    names = activations.map((name) => `"${name}"`);
  const layers = seen.params.map(
    (layer) => `    nnjax.Layer(${array(layer.weights)}, ${array(layer.biases)}),`,
  );
  return [
    "import jax, numpy as np",
    'jax.config.update("jax_enable_x64", True)',
    "import nnjax",
    `network = nnjax.Network(${tuple(sizes)}, ${tuple(names)}, biases=${biases ? "True" : "False"})`,
    "params = (",
    ...layers,
    ")",
    `trace = nnjax.forward(network, params, ${array(state.x)})`,
    ...assumption(assumedAt(state, seen.epoch)),
    `deltas = nnjax.deltas(network, params, trace, ${array(state.y)})`,
    "print(deltas)",
  ].join("\n");
}

/** The handout's assumption in place of the output. */
function assumption(activation) {
  if (activation === null) return [];
  return [
    `assumed = np.array([${activation}])`,
    "z = np.log(assumed) - np.log1p(-assumed)",
    "trace = nnjax.Trace((*trace.net_inputs[:-1], z), (*trace.activations[:-1], assumed))",
  ];
}

/** The first network on the left of scene 3. */
export function deepPython({ depth, width, functions, scheme, seed }) {
  return [
    "import numpy as np",
    "import nnjax",
    `network = nnjax.mlp((${width},) * ${depth + 1} + (1,), "${functions[0]}", "identity", biases=False)`,
    `params = nnjax.init(network, nnjax.key(${seed}), "${scheme}")`,
    `flow = nnjax.signal_propagation.flow(network, params, np.ones((1, ${width})), np.zeros((1, 1)))`,
    "print(flow.delta / flow.delta[-1])",
  ].join("\n");
}

/** One network of scene 4. */
export function xorPython(width, rate, seed, updates) {
  return [
    "import optax",
    "import nnjax",
    `network = nnjax.mlp((2, ${width}, 1))`,
    `start = nnjax.init(network, nnjax.key(${seed}), weights="normal", biases="normal")`,
    "xs, ys = nnjax.datasets.xor()",
    `how = {"optimizer": optax.sgd(${rate}), "epochs": ${updates}, "view": "nodes"}`,
    "params, history = nnjax.train(network, start, xs, ys, **how)",
    "print(history.loss)",
  ].join("\n");
}
