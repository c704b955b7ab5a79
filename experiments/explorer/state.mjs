// The page's state: one immutable object, from which everything that is shown follows.
import { forward, step } from "./network.mjs";

/** Layers of the network in scene 1, by the name of a preset; `golden` is the walkthrough's data. */
export function presets(golden) {
  const of = (name) => {
    const { hidden, output, weights, assumed } = golden.cases[name];
    return {
      network: { sizes: [golden.x.length, weights.length, 1], activations: [hidden, output], biases: false },
      params: [
        { weights: golden.inputWeights, biases: weights.map(() => 0) },
        { weights: weights.map((w) => [w]), biases: [0] },
      ],
      x: golden.x,
      y: [golden.label],
      rate: golden.rate,
      assumed,
      from: null,
    };
  };
  return Object.fromEntries(Object.keys(golden.cases).map((name) => [name, of(name)]));
}

/** The page's initial state: the handout's case, before anything is computed. */
export function initial(golden) {
  return {
    ...Object.values(presets(golden))[0],
    steps: 0,
    pick: "",
    answers: {},
    open: [],
    deep: { depth: 12, width: 16, functions: ["sigmoid", "relu"], scheme: "he_normal", seed: 0 },
    xor: { width: 2, rate: 2, seed: 0 },
  };
}

/** What happens within one update, in order; `layer` counts layers with weights from 0. */
export function phases(network) {
  const last = network.sizes.length - 2,
    layers = [...Array(last + 1).keys()];
  const up = layers.flatMap((layer) => [
    { kind: "z", layer },
    { kind: "a", layer },
  ]);
  const down = [...layers].reverse().flatMap((layer) => [
    { kind: "d", layer },
    { kind: "w", layer },
  ]);
  return [{ kind: "x", layer: 0 }, ...up, { kind: "e", layer: last }, ...down, { kind: "u", layer: last }];
}

/** The maximum number of updates that a link replays. */
export const MOST_UPDATES = 2000;

/** The numbers of a state's step: the updates before it are replayed from its parameters. */
export function view(state) {
  const all = phases(state.network),
    epoch = Math.floor(state.steps / all.length);
  const params = replayed(state, epoch);
  return {
    ...numbers(state, params, epoch),
    params,
    epoch,
    phase: all[state.steps % all.length],
    index: state.steps % all.length,
    count: all.length,
  };
}

let last = { from: [], epoch: 0, params: null };

/** The parameters after `epoch` updates; the last answer is kept, so that the next one is quick. */
function replayed(state, epoch) {
  const from = [state.network, state.params, state.x, state.y, state.rate, state.assumed];
  const goesOn = last.epoch <= epoch && from.every((part, k) => part === last.from[k]);
  let { epoch: done, params } = goesOn ? last : { epoch: 0, params: state.params };
  for (; done < epoch; done++) params = numbers(state, params, done).updated;
  last = { from, epoch, params };
  return params;
}

/** The output that the handout assumes, for one step only; after that the forward pass counts. */
export const assumedAt = (state, epoch) => (epoch === 0 ? state.assumed : null);

function numbers(state, params, epoch) {
  return step(state.network, params, state.x, state.y, state.rate, assumedAt(state, epoch));
}

/** One step forward or back; before the first step there is none. */
export function stepped(state, by) {
  const most = MOST_UPDATES * phases(state.network).length - 1;
  return { ...state, steps: Math.min(most, Math.max(0, state.steps + by)) };
}

/** A state with one of its numbers changed; the edit applies to what is shown, so updates already done become the start. */
export function edited(state, path, value) {
  const seen = view(state),
    [kind, l, i, j] = path.split(".");
  const base =
    seen.epoch === 0
      ? state
      : { ...state, params: seen.params, assumed: null, steps: seen.index, from: null };
  const at = (row, index) => row.map((old, k) => (k === Number(index) ? value : old));
  if (kind === "x" || kind === "y") return { ...base, [kind]: at(base[kind], l) };
  if (kind === "rate" || kind === "assumed") return { ...base, [kind]: value };
  const change = (layer) =>
    kind === "b"
      ? { ...layer, biases: at(layer.biases, i) }
      : { ...layer, weights: layer.weights.map((row, k) => (k === Number(i) ? at(row, j) : row)) };
  return {
    ...base,
    from: null,
    params: base.params.map((layer, k) => (k === Number(l) ? change(layer) : layer)),
  };
}

/** A state with another activation in one layer; an assumed output needs the sigmoid. */
export function withActivation(state, layer, name) {
  const activations = state.network.activations.map((old, l) => (l === layer ? name : old));
  const assumed = activations.at(-1) === "sigmoid" ? state.assumed : null;
  return { ...state, network: { ...state.network, activations }, assumed, from: null };
}

/** A state with trained biases, or without any. */
export function withBiases(state, biases) {
  const params = state.params.map((layer) => ({
    ...layer,
    biases: layer.biases.map((b) => (biases ? b : 0)),
  }));
  return { ...state, network: { ...state.network, biases }, params, from: null };
}

/** The rows that may be typed and dragged, and their bounds. */
export const BOUNDS = {
  x: [-10, 10],
  y: [0, 1],
  rate: [0, 10],
  assumed: [0.001, 0.999],
  w: [-1000, 1000],
  b: [-1000, 1000],
};

export const DEEP_BOUNDS = { depth: [1, 50], width: [2, 32], seed: [0, 2 ** 32 - 9] };
export const XOR_BOUNDS = { width: [1, 6], rate: [0.05, 10], seed: [0, 199] };

/** The output that the forward pass gives before any update. */
export function forwardOutput(state) {
  return forward(state.network, state.params, state.x).activations.at(-1)[0];
}
