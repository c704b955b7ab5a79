// The page's state: one immutable object, written into the address and read from it. What is shown follows from it.
import { ACTIVATIONS, forward, step } from "./network.mjs";
import { SCHEMES } from "./threefry.mjs";

/** Layers of the network that is stepped through, by the name of a preset; `golden` is the walkthrough's data. */
export function presets(golden) {
  const of = (name) => {
    const { hidden, output, weights, assumed } = golden.cases[name];
    return {
      network: { sizes: [golden.x.length, weights.length, 1], activations: [hidden, output], biases: false },
      params: [
        { weights: golden.inputWeights, biases: weights.map(() => 0) },
        { weights: weights.map((w) => [w]), biases: [0] },
      ],
      x: golden.x, y: [golden.label], rate: golden.rate, assumed, from: null,
    };
  };
  return Object.fromEntries(Object.keys(golden.cases).map((name) => [name, of(name)]));
}

/** Where the page begins: the handout's case, at the δ of the hidden nodes. */
export function initial(golden) {
  return {
    ...Object.values(presets(golden))[0], steps: 8, pick: "", answers: {}, open: [],
    deep: { depth: 12, width: 16, functions: ["sigmoid", "relu"], scheme: "he_normal", seed: 0 },
    xor: { width: 2, rate: 2, seed: 0 },
  };
}

/** What happens within one update, in order; `layer` counts layers with weights from 0. */
export function phases(network) {
  const last = network.sizes.length - 2, layers = [...Array(last + 1).keys()];
  const up = layers.flatMap((layer) => [{ kind: "z", layer }, { kind: "a", layer }]);
  const down = [...layers].reverse().flatMap((layer) => [{ kind: "d", layer }, { kind: "w", layer }]);
  return [{ kind: "x", layer: 0 }, ...up, { kind: "e", layer: last }, ...down, { kind: "u", layer: last }];
}

/** Most updates that a link replays. */
export const MOST_UPDATES = 2000;

/** The numbers of the step that a state stands at: the updates before it are replayed from its parameters. */
export function view(state) {
  const all = phases(state.network), epoch = Math.floor(state.steps / all.length);
  const params = replayed(state, epoch);
  return { ...numbers(state, params, epoch), params, epoch, phase: all[state.steps % all.length],
    index: state.steps % all.length, count: all.length };
}

let last = { from: [], epoch: 0, params: null };

/** The parameters after so many updates; the last answer is kept, so that the next one is near. */
function replayed(state, epoch) {
  const from = [state.network, state.params, state.x, state.y, state.rate, state.assumed];
  const goesOn = last.epoch <= epoch && from.every((part, k) => part === last.from[k]);
  let { epoch: done, params } = goesOn ? last : { epoch: 0, params: state.params };
  for (; done < epoch; done++) params = numbers(state, params, done).updated;
  last = { from, epoch, params };
  return params;
}

/** The handout assumes its output for one step; after it the forward pass counts. */
export const assumedAt = (state, epoch) => (epoch === 0 ? state.assumed : null);

function numbers(state, params, epoch) {
  return step(state.network, params, state.x, state.y, state.rate, assumedAt(state, epoch));
}

/** One step forward or back; back from the first stays there. */
export function stepped(state, by) {
  const most = MOST_UPDATES * phases(state.network).length - 1;
  return { ...state, steps: Math.min(most, Math.max(0, state.steps + by)) };
}

/** A state with one of its numbers changed: what is edited is what is seen, so that updates done become the start. */
export function edited(state, path, value) {
  const seen = view(state), [kind, l, i, j] = path.split(".");
  const base = seen.epoch === 0 ? state
    : { ...state, params: seen.params, assumed: null, steps: seen.index, from: null };
  const at = (row, index) => row.map((old, k) => (k === Number(index) ? value : old));
  if (kind === "x" || kind === "y") return { ...base, [kind]: at(base[kind], l) };
  if (kind === "rate" || kind === "assumed") return { ...base, [kind]: value };
  const change = (layer) => (kind === "b" ? { ...layer, biases: at(layer.biases, i) }
    : { ...layer, weights: layer.weights.map((row, k) => (k === Number(i) ? at(row, j) : row)) });
  return { ...base, from: null, params: base.params.map((layer, k) => (k === Number(l) ? change(layer) : layer)) };
}

/** A state with another activation in one layer; an assumed output needs the sigmoid. */
export function withActivation(state, layer, name) {
  const activations = state.network.activations.map((old, l) => (l === layer ? name : old));
  const assumed = activations.at(-1) === "sigmoid" ? state.assumed : null;
  return { ...state, network: { ...state.network, activations }, assumed, from: null };
}

/** A state with trained biases, or without any. */
export function withBiases(state, biases) {
  const params = state.params.map((layer) => ({ ...layer, biases: layer.biases.map((b) => (biases ? b : 0)) }));
  return { ...state, network: { ...state.network, biases }, params, from: null };
}

/** The rows that may be typed and dragged, and between which numbers. */
export const BOUNDS = {
  x: [-10, 10], y: [0, 1], rate: [0, 10], assumed: [0.001, 0.999], w: [-1000, 1000], b: [-1000, 1000],
};

const list = (values) => values.join(",");

/** The state as the part of the address behind #; what is as on a fresh page is left out. */
export function encode(state, golden) {
  const all = written(state), fresh = written(initial(golden));
  const changed = Object.keys(all).filter((key) => all[key] !== (fresh[key] ?? ""));
  return changed.map((key) => `${key}=${encodeURIComponent(all[key]).replaceAll("%2C", ",").replaceAll("%3B", ";")}`).join("&");
}

function written(state) {
  const { network, params, deep, xor } = state;
  return {
    net: network.sizes.join("-"), f: list(network.activations), bias: network.biases ? "yes" : "no",
    x: list(state.x), y: list(state.y), rate: String(state.rate), assumed: String(state.assumed ?? "no"),
    w: params.map((layer) => list(layer.weights.flat())).join(";"),
    b: params.map((layer) => list(layer.biases)).join(";"),
    step: String(state.steps), pick: state.pick, from: state.from ? list(state.from) : "no",
    depth: String(deep.depth), width: String(deep.width), deepf: list(deep.functions), init: deep.scheme,
    deepseed: String(deep.seed), xwidth: String(xor.width), xrate: String(xor.rate), xseed: String(xor.seed),
    open: list(state.open),
    ...Object.fromEntries(Object.entries(state.answers).map(([id, answer]) => [`answer-${id}`, answer.join(";")])),
  };
}

/** A number that was typed or came with a link; the message says what is wrong. */
export function readNumber(name, text, [low, high]) {
  const trimmed = String(text).trim().replace("−", "-");
  if (trimmed === "") throw new Error(`${name} is empty; it needs a number`);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) throw new Error(`${name} must be a number, got “${trimmed.slice(0, 40)}”`);
  const value = Number(trimmed);
  if (!(value >= low && value <= high)) throw new Error(`${name} must be from ${low} to ${high}, got ${trimmed.slice(0, 40)}`);
  return value;
}

function readWhole(name, text, bounds) {
  const value = readNumber(name, text, bounds);
  if (!Number.isInteger(value)) throw new Error(`${name} must be a whole number, got ${value}`);
  return value;
}

function readRow(name, text, count, bounds, separator = ",") {
  const parts = text === "" ? [] : text.split(separator);
  if (parts.length !== count) throw new Error(`${name} must be ${count} numbers, got ${parts.length}`);
  return parts.map((part) => readNumber(name, part, bounds));
}

function readName(name, text, known) {
  if (!known.includes(text)) throw new Error(`${name} must be one of ${known.join(", ")}; got “${text.slice(0, 40)}”`);
  return text;
}

const KNOWN = ["net", "f", "bias", "x", "y", "rate", "assumed", "w", "b", "step", "pick", "from", "depth", "width",
  "deepf", "init", "deepseed", "xwidth", "xrate", "xseed", "open"];
export const DEEP_BOUNDS = { depth: [1, 50], width: [2, 32], seed: [0, 2 ** 32 - 9] };
export const XOR_BOUNDS = { width: [1, 6], rate: [0.05, 10], seed: [0, 199] };
const PICK = /^([xyzadewbu](\.\d+){1,3})?$/;

/** The state that a fragment stands for; throws an Error that says what is damaged. */
export function decode(fragment, golden) {
  const given = new Map(fragment.replace(/^#/, "").split("&").filter(Boolean).map((part) => {
    const [key, ...rest] = part.split("=");
    return [key, decodeURIComponent(rest.join("="))];
  }));
  for (const key of given.keys()) {
    if (!KNOWN.includes(key) && !key.startsWith("answer-")) throw new Error(`“${key.slice(0, 40)}” is unknown`);
  }
  const text = { ...written(initial(golden)), ...Object.fromEntries(given) };
  return { ...readNetwork(text), ...readPlace(text), ...readScenes(text), answers: readAnswers(given) };
}

function readNetwork(text) {
  const sizes = readRow("net", text.net, text.net.split("-").length, [1, 8], "-");
  if (sizes.length !== 3 || !sizes.every(Number.isInteger)) throw new Error("net must be three layers, such as 3-4-1");
  const names = text.f.split(",").map((name) => readName("f", name, Object.keys(ACTIVATIONS)));
  if (names.length !== 2) throw new Error(`f must be 2 names, got ${names.length}`);
  const network = { sizes, activations: names, biases: readName("bias", text.bias, ["yes", "no"]) === "yes" };
  const [w, b] = [text.w.split(";"), text.b.split(";")];
  if (w.length !== 2 || b.length !== 2) throw new Error("w and b must be two layers");
  const params = [0, 1].map((l) => {
    const row = readRow("w", w[l], sizes[l] * sizes[l + 1], BOUNDS.w);
    return {
      weights: Array.from({ length: sizes[l] }, (_, i) => row.slice(i * sizes[l + 1], (i + 1) * sizes[l + 1])),
      biases: readRow("b", b[l], sizes[l + 1], BOUNDS.b),
    };
  });
  if (!network.biases && params.some((layer) => layer.biases.some(Boolean))) throw new Error("b must be 0 where bias=no");
  const assumed = text.assumed === "no" ? null : readNumber("assumed", text.assumed, BOUNDS.assumed);
  if (assumed !== null && (sizes[2] !== 1 || names[1] !== "sigmoid")) throw new Error("assumed needs one sigmoid output");
  return {
    network, params, assumed, x: readRow("x", text.x, sizes[0], BOUNDS.x), y: readRow("y", text.y, sizes[2], BOUNDS.y),
    rate: readNumber("rate", text.rate, BOUNDS.rate),
  };
}

function readPlace(text) {
  if (!PICK.test(text.pick)) throw new Error(`pick is no number of the network: “${text.pick.slice(0, 40)}”`);
  return {
    steps: readWhole("step", text.step, [0, MOST_UPDATES * 11 - 1]), pick: text.pick,
    from: text.from === "no" ? null : readRow("from", text.from, 3, [0, 5000]),
    open: text.open === "" ? [] : text.open.split(",").filter((id) => /^\d+$/.test(id)),
  };
}

function readScenes(text) {
  const functions = text.deepf.split(",").map((name) => readName("deepf", name, Object.keys(ACTIVATIONS)));
  if (functions.length !== 2) throw new Error(`deepf must be 2 names, got ${functions.length}`);
  return {
    deep: {
      depth: readWhole("depth", text.depth, DEEP_BOUNDS.depth), width: readWhole("width", text.width, DEEP_BOUNDS.width),
      functions, scheme: readName("init", text.init, SCHEMES), seed: readWhole("deepseed", text.deepseed, DEEP_BOUNDS.seed),
    },
    xor: {
      width: readWhole("xwidth", text.xwidth, XOR_BOUNDS.width), rate: readNumber("xrate", text.xrate, XOR_BOUNDS.rate),
      seed: readWhole("xseed", text.xseed, XOR_BOUNDS.seed),
    },
  };
}

/** What was typed into the exercises, right or wrong; text of any kind is shown as it is. */
function readAnswers(given) {
  return Object.fromEntries([...given].filter(([key]) => key.startsWith("answer-")).map(([key, text]) =>
    [key.slice("answer-".length), text.split(";").map((part) => part.slice(0, 40))]));
}

/** The output that the forward pass gives before any update. */
export function forwardOutput(state) {
  return forward(state.network, state.params, state.x).activations.at(-1)[0];
}
