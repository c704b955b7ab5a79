// The state in the address: written after the #, and read from it with a clear message if it is damaged.
import { ACTIVATIONS } from "./network.mjs";
import { BOUNDS, DEEP_BOUNDS, MOST_UPDATES, XOR_BOUNDS, initial } from "./state.mjs";
import { SCHEMES } from "./threefry.mjs";

const list = (values) => values.join(",");

/** Write the state as the part of the address after #; values that equal a fresh page's are left out. */
export function encode(state, golden) {
  const all = written(state),
    fresh = written(initial(golden));
  const changed = Object.keys(all).filter((key) => all[key] !== (fresh[key] ?? ""));
  return changed
    .map((key) => `${key}=${encodeURIComponent(all[key]).replaceAll("%2C", ",").replaceAll("%3B", ";")}`)
    .join("&");
}

function written(state) {
  const { network, params, deep, xor } = state;
  return {
    net: network.sizes.join("-"),
    f: list(network.activations),
    bias: network.biases ? "yes" : "no",
    x: list(state.x),
    y: list(state.y),
    rate: String(state.rate),
    assumed: String(state.assumed ?? "no"),
    w: params.map((layer) => list(layer.weights.flat())).join(";"),
    b: params.map((layer) => list(layer.biases)).join(";"),
    step: placeOf(state.steps),
    pick: state.pick,
    from: state.from ? list(state.from) : "no",
    depth: String(deep.depth),
    width: String(deep.width),
    deepf: list(deep.functions),
    init: deep.scheme,
    deepseed: String(deep.seed),
    xwidth: String(xor.width),
    xrate: String(xor.rate),
    xseed: String(xor.seed),
    open: list(state.open),
    ...Object.fromEntries(
      Object.entries(state.answers).map(([id, answer]) => [`answer-${id}`, answer.join(";")]),
    ),
  };
}

/** Phases of one update of a network with three layers. */
const PHASES = 11;

/** Write the step of the first update, as in 9, or update and step, as in 2-9; both as the page counts them. */
function placeOf(steps) {
  const update = Math.floor(steps / PHASES),
    step = (steps % PHASES) + 1;
  return update ? `${update + 1}-${step}` : String(step);
}

function readPlaceOf(text) {
  const parts = text.split("-"),
    step = readWhole("step", parts.at(-1), [1, PHASES]);
  if (parts.length > 2) throw new Error(`step must look like 9 or 2-9, got “${text.slice(0, 40)}”`);
  const update = parts.length === 2 ? readWhole("update", parts[0], [1, MOST_UPDATES]) : 1;
  return PHASES * (update - 1) + step - 1;
}

/** Read a number that was typed or came with a link; the message says what is wrong. */
export function readNumber(name, text, [low, high]) {
  const trimmed = String(text).trim().replace("−", "-");
  if (trimmed === "") throw new Error(`${name} is empty; it needs a number`);
  if (/^[+-]?\d*,\d+$/.test(trimmed))
    throw new Error(`${name} needs a decimal point, not a comma: ${trimmed.slice(0, 40).replace(",", ".")}`);
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed))
    throw new Error(`${name} must be a number, got “${trimmed.slice(0, 40)}”`);
  const value = Number(trimmed);
  if (!(value >= low && value <= high))
    throw new Error(`${name} must be from ${low} to ${high}, got ${trimmed.slice(0, 40)}`);
  return value;
}

export function readWhole(name, text, bounds) {
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
  if (!known.includes(text))
    throw new Error(`${name} must be one of ${known.join(", ")}; got “${text.slice(0, 40)}”`);
  return text;
}

const KNOWN = [
  "net",
  "f",
  "bias",
  "x",
  "y",
  "rate",
  "assumed",
  "w",
  "b",
  "step",
  "pick",
  "from",
  "depth",
  "width",
  "deepf",
  "init",
  "deepseed",
  "xwidth",
  "xrate",
  "xseed",
  "open",
];
const PICK = /^([xyzadewbu](\.\d+){1,3})?$/;

/** Read the state from a fragment; throws an Error that says what is damaged. */
export function decode(fragment, golden) {
  const given = new Map(
    fragment
      .replace(/^#/, "")
      .split("&")
      .filter(Boolean)
      .map((part) => {
        const [key, ...rest] = part.split("=");
        return [key, decodeURIComponent(rest.join("="))];
      }),
  );
  for (const key of given.keys()) {
    if (!KNOWN.includes(key) && !key.startsWith("answer-"))
      throw new Error(`“${key.slice(0, 40)}” is unknown`);
  }
  const text = { ...written(initial(golden)), ...Object.fromEntries(given) };
  return { ...readNetwork(text), ...readPlace(text), ...readScenes(text), answers: readAnswers(given) };
}

function readNetwork(text) {
  const sizes = readRow("net", text.net, text.net.split("-").length, [1, 8], "-");
  if (sizes.length !== 3 || !sizes.every(Number.isInteger))
    throw new Error("net must be three layers, such as 3-4-1");
  const names = text.f.split(",").map((name) => readName("f", name, Object.keys(ACTIVATIONS)));
  if (names.length !== 2) throw new Error(`f must be 2 names, got ${names.length}`);
  const network = { sizes, activations: names, biases: readName("bias", text.bias, ["yes", "no"]) === "yes" };
  const [w, b] = [text.w.split(";"), text.b.split(";")];
  if (w.length !== 2 || b.length !== 2) throw new Error("w and b must be two layers");
  const params = [0, 1].map((l) => {
    const row = readRow("w", w[l], sizes[l] * sizes[l + 1], BOUNDS.w);
    return {
      weights: Array.from({ length: sizes[l] }, (_, i) =>
        row.slice(i * sizes[l + 1], (i + 1) * sizes[l + 1]),
      ),
      biases: readRow("b", b[l], sizes[l + 1], BOUNDS.b),
    };
  });
  if (!network.biases && params.some((layer) => layer.biases.some(Boolean)))
    throw new Error("b must be 0 if bias=no");
  const assumed = text.assumed === "no" ? null : readNumber("assumed", text.assumed, BOUNDS.assumed);
  if (assumed !== null && (sizes[2] !== 1 || names[1] !== "sigmoid"))
    throw new Error("assumed needs one sigmoid output");
  return {
    network,
    params,
    assumed,
    x: readRow("x", text.x, sizes[0], BOUNDS.x),
    y: readRow("y", text.y, sizes[2], BOUNDS.y),
    rate: readNumber("rate", text.rate, BOUNDS.rate),
  };
}

function readPlace(text) {
  if (!PICK.test(text.pick)) throw new Error(`pick must name a number of the network, got “${text.pick.slice(0, 40)}”`);
  return {
    steps: readPlaceOf(text.step),
    pick: text.pick,
    from: text.from === "no" ? null : readRow("from", text.from, 3, [0, 5000]),
    open: text.open === "" ? [] : text.open.split(",").filter((id) => /^\d+$/.test(id)),
  };
}

function readScenes(text) {
  const functions = text.deepf.split(",").map((name) => readName("deepf", name, Object.keys(ACTIVATIONS)));
  if (functions.length !== 2) throw new Error(`deepf must be 2 names, got ${functions.length}`);
  return {
    deep: {
      depth: readWhole("depth", text.depth, DEEP_BOUNDS.depth),
      width: readWhole("width", text.width, DEEP_BOUNDS.width),
      functions,
      scheme: readName("init", text.init, SCHEMES),
      seed: readWhole("deepseed", text.deepseed, DEEP_BOUNDS.seed),
    },
    xor: {
      width: readWhole("xwidth", text.xwidth, XOR_BOUNDS.width),
      rate: readNumber("xrate", text.xrate, XOR_BOUNDS.rate),
      seed: readWhole("xseed", text.xseed, XOR_BOUNDS.seed),
    },
  };
}

/** Read what was typed into the exercises, right or wrong; any text is shown as it is. */
function readAnswers(given) {
  return Object.fromEntries(
    [...given]
      .filter(([key]) => key.startsWith("answer-"))
      .map(([key, text]) => [key.slice("answer-".length), text.split(";").map((part) => part.slice(0, 40))]),
  );
}
