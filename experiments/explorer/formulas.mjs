// Every number's formula, with the numbers put in.
import { ACTIVATIONS, forward, sigmoid, sse } from "./network.mjs";

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉",
  SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
export const raised = (n) =>
  (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((c) => SUPERSCRIPTS[c]).join("");
export const subscript = (n) => [...String(n)].map((c) => SUBSCRIPTS[c]).join("");

/** Format a number with a true minus sign and `digits` significant digits; below `least`, with a power of ten. */
export function show(value, digits = 7, least = 1e-4) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size < least || Number(size.toPrecision(digits)) >= 10 ** digits) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    return `${value < 0 ? "−" : ""}${trimmed(mantissa)}·10${raised(Number(exponent))}`;
  }
  return (value < 0 ? "−" : "") + trimmed(size.toPrecision(digits));
}

/** Format a number for a label on a phone: with two decimals at most. */
export function brief(value) {
  const size = Math.abs(value);
  if (value !== 0 && (size < 0.01 || size >= 999.5)) return show(value, 1, 0.01);
  return show(Number(value.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0)));
}

const trimmed = (text) => (text.includes(".") ? text.replace(/0+$/, "").replace(/\.$/, "") : text);
/** Format a number as a factor or a term: in brackets if it is negative. */
const inside = (value) => (value < 0 ? `(${show(value)})` : show(value));

/** The name of a node: x₁, h₁, o. Layer 0 holds the inputs. */
export function nodeName(network, layer, j) {
  const last = network.sizes.length - 1;
  if (layer === 0) return `x${subscript(j + 1)}`;
  if (layer < last) return `h${subscript(j + 1)}`;
  return network.sizes[last] === 1 ? "o" : `o${subscript(j + 1)}`;
}

/** f' in symbols and with numbers. */
function slopeText(name, z, a, value) {
  if (name === "sigmoid") return ["a(1 − a)", `${inside(a)} · (1 − ${inside(a)})`];
  if (name === "tanh") return ["(1 − a²)", `(1 − ${inside(a)}²)`];
  if (name === "relu") return ["f′(z)", `${value} (z ${z > 0 ? "> 0" : "≤ 0"})`];
  return ["f′(z)", inside(value)];
}

/** {name, symbols, numbers, value, note} of the number with this id; null if there is none. */
export function formula(state, seen, id) {
  const [kind, ...at] = id.split(".");
  const make = {
    x: ofInput,
    y: ofLabel,
    z: ofNetInput,
    a: ofActivation,
    e: ofError,
    d: ofDelta,
    w: ofWeight,
    u: ofWeight,
    b: ofBias,
  }[kind];
  const [l, i, j] = at.map(Number),
    { sizes } = state.network;
  const known =
    { x: l < sizes[0], y: l < sizes.at(-1), e: l < sizes.at(-1) }[kind] ??
    (l < sizes.length - 1 &&
      (kind === "w" || kind === "u" ? i < sizes[l] && j < sizes[l + 1] : i < sizes[l + 1]));
  return make && known ? make(state, seen, l, i, j, kind) : null;
}

function ofInput(state, seen, i) {
  return { name: `Input ${nodeName(state.network, 0, i)}`, symbols: "given", numbers: "", value: state.x[i] };
}

function ofLabel(state, seen, j) {
  return { name: "Label y", symbols: "given: the true answer", numbers: "", value: state.y[j] };
}

function ofNetInput(state, seen, l, j) {
  const { network } = state,
    a = seen.activations[l],
    layer = seen.params[l];
  const sums = addedUp(state, seen, l);
  const bias = network.biases ? ` + ${inside(layer.biases[j])}` : "",
    name = `Net input of ${nodeName(network, l + 1, j)}`;
  return {
    name,
    symbols: `z = Σ activation · weight${network.biases ? " + bias" : ""}`,
    numbers: a.map((value, i) => `${inside(value)} · ${inside(layer.weights[i][j])}`).join(" + ") + bias,
    value: sums[j],
    note:
      isAssumed(state, seen, l) &&
      `σ of this would be ${show(sigmoid(sums[j]))}; the assumed ${show(state.assumed)} replaces it.`,
  };
}

/** The net inputs of a layer's nodes, even if an assumed activation replaces what would follow from them. */
export function addedUp(state, seen, l) {
  if (!isAssumed(state, seen, l)) return seen.netInputs[l];
  return forward(state.network, seen.params, state.x).netInputs[l];
}

const isAssumed = (state, seen, l) =>
  l === seen.params.length - 1 && seen.epoch === 0 && state.assumed !== null;

function ofActivation(state, seen, l, j) {
  const name = state.network.activations[l],
    z = seen.netInputs[l][j],
    node = nodeName(state.network, l + 1, j);
  if (isAssumed(state, seen, l)) {
    return {
      name: `Activation of ${node}`,
      symbols: "assumed, as the handout does",
      numbers: "",
      value: state.assumed,
      note: `The forward pass gives ${show(sigmoid(addedUp(state, seen, l)[j]))}.`,
    };
  }
  const numbers =
    name === "sigmoid"
      ? `1 / (1 + e^(${show(-z)}))`
      : name === "relu"
        ? `max(0, ${show(z)})`
        : `${name}(${show(z)})`;
  const symbols = name === "sigmoid" ? "a = 1 / (1 + e⁻ᶻ)" : `a = ${ACTIVATIONS[name].written}`;
  return { name: `Activation of ${node}`, symbols, numbers, value: seen.activations[l + 1][j] };
}

function ofError(state, seen, j) {
  const a = seen.activations.at(-1)[j];
  return {
    name: "Error of the output",
    symbols: "y − ŷ",
    numbers: `${show(state.y[j])} − ${inside(a)}`,
    value: state.y[j] - a,
    note: `The loss, SSE = Σ (y − ŷ)², is ${show(sse(state.y, seen.activations.at(-1)))}.`,
  };
}

function ofDelta(state, seen, l, j) {
  const { network } = state,
    last = seen.params.length - 1;
  const z = seen.netInputs[l][j],
    a = seen.activations[l + 1][j];
  const [symbol, slope] = slopeText(network.activations[l], z, a, seen.slopes[l][j]);
  const name = `δ of ${nodeName(network, l + 1, j)}`,
    value = seen.deltas[l][j];
  if (l === last) {
    return {
      name,
      symbols: `δ = 2(y − ŷ) · ${symbol}`,
      numbers: `2 · (${show(state.y[j])} − ${inside(a)}) · ${slope}`,
      value,
    };
  }
  const row = seen.params[l + 1].weights[j];
  const blame = row.map((w, k) => `${inside(seen.deltas[l + 1][k])} · ${inside(w)}`).join(" + ");
  return {
    name,
    symbols: `δ = Σ over the nodes it feeds (δ · weight) · ${symbol}`,
    numbers: `${row.length > 1 ? `(${blame})` : blame} · ${slope}`,
    value,
  };
}

function ofWeight(state, seen, l, i, j, kind) {
  const { network, rate } = state;
  const link = `${nodeName(network, l, i)} → ${nodeName(network, l + 1, j)}`;
  const w = seen.params[l].weights[i][j],
    change = seen.changes[l].weights[i][j];
  if (kind === "u" || seen.phase.kind === "u") {
    return {
      name: `New weight ${link}`,
      symbols: "weight + change",
      numbers: `${show(w)} + ${inside(change)}`,
      value: w + change,
    };
  }
  if (!isKnown(state, seen, { kind: "w", layer: l }))
    return { name: `Weight ${link}`, symbols: "given", numbers: "", value: w };
  return {
    name: `Change of the weight ${link}`,
    symbols: "α · δ · activation",
    numbers: `${inside(rate)} · ${inside(seen.deltas[l][j])} · ${inside(seen.activations[l][i])}`,
    value: change,
    note: `The weight is ${show(w)}; after the update it is ${show(w + change)}.`,
  };
}

function ofBias(state, seen, l, j) {
  const { network, rate } = state,
    node = nodeName(network, l + 1, j),
    b = seen.params[l].biases[j];
  if (!isKnown(state, seen, { kind: "w", layer: l }))
    return { name: `Bias of ${node}`, symbols: "given", numbers: "", value: b };
  return {
    name: `Change of the bias of ${node}`,
    symbols: "α · δ",
    numbers: `${inside(rate)} · ${inside(seen.deltas[l][j])}`,
    value: seen.changes[l].biases[j],
    note: `The bias is ${show(b)}.`,
  };
}

/** Whether the step has reached this kind of number in this layer. */
export function isKnown(state, seen, { kind, layer }) {
  const order = (wanted) =>
    seen.order.findIndex((phase) => phase.kind === wanted.kind && phase.layer === wanted.layer);
  return order({ kind, layer }) <= seen.index;
}

/** The id whose formula is shown: the picked one, or the first one that the current phase computes. */
export function pickOf(state, seen) {
  return state.pick && formula(state, seen, state.pick) ? state.pick : computedNow(state, seen)[0];
}

/** The ids of the numbers that the current phase computes. */
export function computedNow(state, seen) {
  const { kind, layer: l } = seen.phase,
    { sizes } = state.network;
  const each = (count, make) => Array.from({ length: count }, (_, i) => make(i));
  if (kind === "x") return each(sizes[0], (i) => `x.${i}`);
  if (kind === "e") return each(sizes.at(-1), (j) => `e.${j}`);
  if (kind === "w") return links(sizes, l, "w");
  if (kind === "u") return each(sizes.length - 1, (layer) => links(sizes, layer, "u")).flat();
  return each(sizes[l + 1], (j) => `${kind}.${l}.${j}`);
}

const links = (sizes, l, kind) =>
  Array.from(
    { length: sizes[l] * sizes[l + 1] },
    (_, k) => `${kind}.${l}.${Math.floor(k / sizes[l + 1])}.${k % sizes[l + 1]}`,
  );
