// Scene 3: |δ| from the output down to the first layer, for some seeds, two activation functions side by side.
import { byId, choiceField, h, onWidth, s } from "./dom.mjs";
import { FLOOR, blocked, deepNetwork, expected, fate, flow, median } from "./flow.mjs";
import { raised, show } from "./formulas.mjs";
import { ACTIVATIONS } from "./network.mjs";
import { numberField } from "./number_field.mjs";
import { deepPython } from "./python.mjs";
import { DEEP_BOUNDS } from "./state.mjs";
import { SCHEMES, init } from "./threefry.mjs";

const FLOW_SEEDS = 8;
const LOWEST = 1e-60;

/** The scene; returns a function that shows a state. */
export function flowScene(app) {
  const updates = flowFields(app),
    parts = { width: 0 };
  onWidth(byId("flow-panels"), (width) => {
    parts.width = width;
    drawFlow(app, parts);
  });
  return (state, before) => {
    if (before && before.deep === state.deep) return;
    updates.forEach((update) => update(state.deep));
    drawFlow(app, parts);
  };
}

function flowFields(app) {
  const change = (part) => app.change({ ...app.state, deep: { ...app.state.deep, ...part } });
  const number = (key, name, range) => {
    const field = numberField({
      name,
      bounds: DEEP_BOUNDS[key],
      range,
      whole: true,
      onChange: (value) => change({ [key]: value }),
    });
    return [field.element, (deep) => field.update(deep[key])];
  };
  const choice = (label, names, read, write, name = label) => {
    const field = choiceField({
      name,
      label,
      names: names.map((each) => [each, each]),
      onChange: (value) => change(write(app.state.deep, value)),
    });
    return [field.element, (deep) => field.update(read(deep))];
  };
  const names = Object.keys(ACTIVATIONS);
  const all = [
    number("depth", "depth", [1, 50, 1]),
    number("width", "width", [2, 32, 1]),
    number("seed", "first seed", [0, 1000, 1]),
    choice(
      "weights",
      SCHEMES,
      (deep) => deep.scheme,
      (_, scheme) => ({ scheme }),
    ),
    choice(
      "left",
      names,
      (deep) => deep.functions[0],
      (deep, name) => ({ functions: [name, deep.functions[1]] }),
      "activation on the left",
    ),
    choice(
      "right",
      names,
      (deep) => deep.functions[1],
      (deep, name) => ({ functions: [deep.functions[0], name] }),
      "activation on the right",
    ),
  ];
  byId("flow-fields").replaceChildren(...all.map(([element]) => element));
  return all.map(([, update]) => update);
}

/** One activation function's seeds and theory. */
function measured({ depth, width, scheme, seed }, name) {
  const network = deepNetwork(depth, width, name);
  const seeds = Array.from({ length: FLOW_SEEDS }, (_, k) => seed + k);
  return {
    name,
    flows: seeds.map((each) => flow(network, init(network, each, scheme))),
    theory: expected(network, scheme),
  };
}

function drawFlow(app, parts) {
  if (!parts.width) return;
  const { deep } = app.state,
    both = deep.functions.map((name) => measured(deep, name));
  const all = both
    .flatMap(({ flows, theory }) => [...flows.flatMap(({ delta }) => delta), ...theory])
    .filter((value) => value > 0 && value < Infinity);
  const range = [Math.max(LOWEST, Math.min(0.1, ...all)), Math.max(10, ...all)].map(Math.log10);
  if (range[0] < -25) range[0] = Math.min(range[0], Math.log10(FLOOR) - 2);
  const width = parts.width < 700 ? parts.width : Math.floor((parts.width - 16) / 2);
  byId("flow-panels").replaceChildren(
    ...both.map((one) =>
      h("figure", {}, panel(one, deep.depth, width - 24, range), h("figcaption", {}, summary(one, deep.width))),
    ),
  );
  byId("flow-python").textContent = deepPython(deep);
}

/** The sentences about the fate of δ; `width` is the number of nodes in a layer. */
const FATES = {
  nothing: () => "That is exactly 0: the slope of a node that is off is 0, so a layer in which all nodes are off passes nothing.",
  underflow: () => "The 32-bit numbers with which networks usually calculate cannot hold it.",
  vanishes: () => "δ vanishes.",
  explodes: () => "δ explodes: the weights are too large for this width, and every layer makes it larger.",
  narrow: (width) =>
    `With ${width} nodes in a layer, chance makes δ larger or smaller from layer to layer. A few networks with a very ` +
    "large δ keep the average up; in most of them δ shrinks. The wider the layers, the nearer δ comes to what is expected.",
  passes: () => "",
};

function summary({ name, flows, theory }, width) {
  const first = median(flows.map(({ delta }) => delta[0])),
    stopped = blocked(flows);
  const share = (key) =>
    flows.flatMap((each) => each[key]).reduce((a, b) => a + b, 0) / flows.length / theory.length;
  const percent = (value) => `${show(Number((100 * value).toPrecision(2)))} %`;
  const nodes = [
    ["off", share("dead")],
    ["saturated", share("saturated")],
  ]
    .filter(([, value]) => value > 0)
    .map(([kind, value]) => `${percent(value)} of the nodes are ${kind}.`);
  return [
    h("b", {}, `${name}: `),
    `in the first layer, δ is ${show(first, 2)} times the output's (median of ${FLOW_SEEDS} networks); in wide networks ${show(theory[0], 2)} is expected. `,
    `${FATES[fate(flows, theory[0])](width)} `,
    stopped ? `In ${stopped} of ${FLOW_SEEDS} networks a whole layer is off. ` : "",
    nodes.join(" "),
  ];
}

const TOP = 26,
  BOTTOM = 62,
  LEFT = 52,
  HEIGHT = 314;

function panel({ name, flows, theory }, depth, width, [low, high]) {
  const x = (layer) => LEFT + ((width - LEFT - 12) * (layer + 0.5)) / depth;
  const y = (value) =>
    TOP + ((high - Math.log10(Math.max(value, 10 ** low))) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const path = (values) =>
    values.map((value, l) => `${l ? "L" : "M"}${x(l).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  return s(
    "svg",
    {
      viewBox: `0 0 ${width} ${HEIGHT}`,
      width,
      height: HEIGHT,
      role: "img",
      class: "chart",
      "aria-label": `${name}: size of δ of every layer as a share of the output's, logarithmic`,
    },
    s("text", { class: "axis-title", x: 4, y: 13 }, "size of δ, as a share of the output's"),
    ticks(low, high).map((power) =>
      s(
        "g",
        {},
        s("line", { class: "grid", x1: LEFT, x2: width - 8, y1: y(10 ** power), y2: y(10 ** power) }),
        s("text", { x: LEFT - 6, y: y(10 ** power) + 4, class: "end" }, `10${raised(power)}`),
      ),
    ),
    low < Math.log10(FLOOR) &&
      s(
        "g",
        {},
        s("line", { class: "floor", x1: LEFT, x2: width - 8, y1: y(FLOOR), y2: y(FLOOR) }),
        s("text", { x: width - 10, y: y(FLOOR) - 5, class: "end no" }, "smallest full-precision 32-bit number"),
      ),
    flows.map(({ delta }) => s("path", { class: "seed", d: path(delta) })),
    s("path", { class: "theory", d: path(theory) }),
    flows.flatMap(({ delta }) =>
      delta.map((value, l) => value === 0 && s("text", { class: "middle no", x: x(l), y: y(0) + 4 }, "×")),
    ),
    strip(flows, depth, x, width),
    axis(depth, x, width),
  );
}

function ticks(low, high) {
  const step = [1, 2, 5, 10, 20].find((each) => (high - low) / each <= 7) ?? 50;
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, k) => first + k * step);
}

/** Below the axis: the share of each layer's nodes that are dead (filled) or saturated (outlined). */
function strip(flows, depth, x, width) {
  const wide = Math.max(2, (width - LEFT - 12) / depth - 2),
    top = HEIGHT - BOTTOM + 6,
    high = 16;
  const bar = (kind, l) => {
    const share = flows.reduce((total, each) => total + each[kind][l], 0) / flows.length;
    return (
      share > 0 &&
      s("rect", {
        class: kind,
        x: x(l) - wide / 2,
        width: wide,
        y: top + high * (1 - share),
        height: high * share,
      })
    );
  };
  return [
    s("text", { x: LEFT - 6, y: top + 12, class: "end small" }, "off"),
    s("line", { class: "grid", x1: LEFT, x2: width - 8, y1: top + high, y2: top + high }),
    ...Array.from({ length: depth }, (_, l) => [bar("dead", l), bar("saturated", l)]).flat(),
  ];
}

function axis(depth, x, width) {
  const every = Math.ceil(depth / (width < 400 ? 6 : 12));
  return [
    ...Array.from({ length: depth }, (_, l) => l)
      .filter((l) => l % every === 0)
      .map((l) => s("text", { class: "middle", x: x(l), y: HEIGHT - 24 }, l + 1)),
    s(
      "text",
      { class: "middle", x: (width + LEFT) / 2, y: HEIGHT - 6 },
      "layer, from the input (left) to the output",
    ),
  ];
}
