// Scene 1: one update, step by step, forward and back.
import { byId, h, onWidth } from "./dom.mjs";
import { diagram } from "./diagram.mjs";
import { differences } from "./network.mjs";
import { isHandout, wronglyPrinted } from "./printed.mjs";
import { receipt } from "./receipt.mjs";
import { phases, presets, stepped, view } from "./state.mjs";
import { networkFields } from "./step_fields.mjs";
import { XOR } from "./train.mjs";
import { showDifferences, showFormula, showPanels, showPrinted, showReceipt } from "./step_panels.mjs";

/** Each kind of phase: its name, what happens in it, and its place in the handout's summary. */
const WORDS = {
  x: ["Start", "The inputs and the weights are given.", ""],
  z: [
    "Net input",
    "Each node adds up what comes in: activation times weight.",
    "step 2 of the handout's summary",
  ],
  a: ["Activation", "Each node applies its function to its net input.", "step 2 of the handout's summary"],
  e: ["Loss", "How far is the prediction from the label?", "step 3 of the handout's summary"],
  d: [
    "δ",
    "How much of the blame falls on each node, and in which direction.",
    "step 3 of the handout's summary",
  ],
  w: [
    "Changes",
    "α · δ of the receiving node · activation of the sending node.",
    "step 3 of the handout's summary",
  ],
  u: [
    "Update",
    "Every change is added to its weight. One more step begins the next update.",
    "step 4 of the handout's summary",
  ],
};

/** The stepper's name for a phase: its kind, and its layer if there are two. */
function phaseName(network, { kind, layer }) {
  const [name] = WORDS[kind],
    isOutput = layer === network.sizes.length - 2;
  if ("xeu".includes(kind)) return name;
  if (kind === "w") return `Changes of the weights into the ${isOutput ? "output" : "hidden nodes"}`;
  return `${name} of the ${isOutput ? "output" : "hidden nodes"}`;
}

/** The scene: `app` has `golden`, `state` and `change(state)`; returns a function that shows a state. */
export function stepScene(app) {
  const parts = { shape: "", fields: [], width: 0 };
  buildStepper(app);
  buildPresets(app);
  buildRows(app);
  for (const id of ["receipt", "as-python"]) {
    byId(id).parentElement.addEventListener("toggle", () => showReceipt(app.state, seenOf(app.state)));
  }
  byId("check-differences").addEventListener("click", () => showDifferences(app.state, seenOf(app.state)));
  const figure = byId("network");
  onWidth(figure, (width) => {
    parts.width = width;
    drawStep(app, parts);
  });
  listen(app, figure);
  return (state, before) => {
    if (before && same(state, before)) return;
    const shape = JSON.stringify([state.network.sizes, state.network.biases]);
    if (shape !== parts.shape) Object.assign(parts, { shape, fields: networkFields(app, state) });
    drawStep(app, parts);
  };
}

const PARTS = ["network", "params", "x", "y", "rate", "assumed", "steps", "pick", "from"];
const same = (a, b) => PARTS.every((part) => a[part] === b[part]);

function drawStep(app, parts) {
  const { state } = app,
    seen = seenOf(state),
    golden = app.golden;
  parts.fields.forEach((field) => field(state, seen));
  const isCase = isHandout(state, golden, seen.epoch),
    struck = wronglyPrinted(golden, isCase);
  if (parts.width) showDiagram(diagram(state, seen, parts.width, struck));
  showStepper(state, seen);
  showFormula(state, seen, struck);
  showPanels(state, seen);
  showPrinted(golden, isCase, seen);
  showReceipt(state, seen);
  byId("differences").replaceChildren();
}

/** The numbers of a state, with the order of its phases. */
function seenOf(state) {
  return { ...view(state), order: phases(state.network) };
}

function showDiagram(drawing) {
  const figure = byId("network"),
    hadFocus = figure.contains(document.activeElement);
  figure.replaceChildren(drawing);
  figure.toggleAttribute("data-narrow", drawing.classList.contains("narrow"));
  const stops = [...drawing.querySelectorAll(".pick")];
  const picked = drawing.querySelector(".pick.picked");
  if (!picked && stops.length) stops[0].setAttribute("tabindex", "0");
  if (hadFocus) (picked ?? stops[0])?.focus({ preventScroll: true });
}

/** Pointing, tapping and arrow keys pick a number. */
function listen(app, figure) {
  const pick = (event) => {
    const id = event.target.closest?.("[data-id]")?.dataset.id;
    if (id && id !== app.state.pick) app.change({ ...app.state, pick: id });
  };
  for (const kind of ["click", "focusin"]) figure.addEventListener(kind, pick);
  // A new drawing under a resting mouse also counts as a move; it must not undo what the keyboard picked.
  let last = "";
  figure.addEventListener("pointermove", (event) => {
    const here = `${event.clientX},${event.clientY}`;
    if (event.pointerType !== "touch" && here !== last) pick(event);
    last = here;
  });
  figure.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const stops = [...figure.querySelectorAll(".pick")],
      at = stops.indexOf(document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    stops[(at + by + stops.length) % stops.length].focus();
  });
}

function buildStepper(app) {
  // The formula below the network follows the step until another number is picked.
  const go = (by) => app.change({ ...stepped(app.state, by), pick: "" });
  byId("back").addEventListener("click", () => go(-1));
  byId("forward").addEventListener("click", () => go(1));
  byId("to-start").addEventListener("click", () => go(-app.state.steps));
  byId("to-end").addEventListener("click", () => {
    const { index, count } = view(app.state);
    go(count - 1 - index);
  });
  byId("next-update").addEventListener("click", () => go(phases(app.state.network).length));
}

function showStepper(state, seen) {
  const [, words, step] = WORDS[seen.phase.kind];
  byId("phase").replaceChildren(
    h(
      "b",
      {},
      `Update ${seen.epoch + 1}, step ${seen.index + 1} of ${seen.count}: ${phaseName(state.network, seen.phase)}.`,
    ),
    ` ${words}`,
    step && h("small", {}, ` (${step})`),
  );
  byId("back").disabled = state.steps === 0;
  showRows(state);
  byId("origin").textContent = !state.from
    ? ""
    : `This is XOR's network of seed ${state.from[0]} after ${state.from[2]} updates with learning rate ${state.from[1]}, ` +
      "as in scene 4. There all four rows are learned at once; here you see one of them:";
  byId("track").replaceChildren(
    ...seen.order.map((phase, k) =>
      h(
        "li",
        {
          class: k === seen.index ? "here" : k < seen.index ? "done" : "",
          "aria-current": k === seen.index ? "step" : null,
          title: phaseName(state.network, phase),
        },
        h("span", {}, phaseName(state.network, phase)),
      ),
    ),
  );
}

/** XOR's rows, to choose which of them a network from scene 4 gets. */
function buildRows(app) {
  byId("xor-rows").replaceChildren(
    ...XOR.xs.map((x, k) =>
      h(
        "button",
        { type: "button", onclick: () => app.change({ ...app.state, x, y: XOR.ys[k] }) },
        `x = ${x.join(", ")}; label ${XOR.ys[k]}`,
      ),
    ),
  );
}

function showRows(state) {
  byId("xor-rows").hidden = !state.from;
  [...byId("xor-rows").children].forEach((button, k) =>
    button.setAttribute(
      "aria-pressed",
      String(`${state.x}` === `${XOR.xs[k]}` && `${state.y}` === `${XOR.ys[k]}`),
    ),
  );
}

function buildPresets(app) {
  const cases = presets(app.golden),
    names = Object.keys(cases);
  const wanted = [
    [names[0], "The handout's case (0.6 assumed)"],
    [names[1], "The same without the assumption"],
    [names[2], "The exercise's weights (0.6 assumed)"],
    [names[4], "ReLU in the hidden layer"],
  ];
  byId("presets").replaceChildren(
    ...wanted.map(([name, text]) =>
      h(
        "button",
        {
          type: "button",
          title: name,
          onclick: () =>
            app.change({ ...app.state, ...cases[name], steps: Math.min(app.state.steps, 10), pick: "" }),
        },
        text,
      ),
    ),
  );
}
