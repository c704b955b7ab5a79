// Scene 1: one update, step by step, forward and back.
import { byId, choiceField, h, matrix, numberField, onWidth } from "./dom.mjs";
import { diagram } from "./diagram.mjs";
import { computedNow, formula, isKnown, matrixForm, nodeName, pickOf, show } from "./formulas.mjs";
import { ACTIVATIONS, differences } from "./network.mjs";
import { isHandout, printedRows, wronglyPrinted } from "./printed.mjs";
import { asPython, receipt } from "./receipt.mjs";
import { BOUNDS, assumedAt, edited, phases, presets, stepped, view, withActivation, withBiases } from "./state.mjs";

const WORDS = {
  x: ["The inputs and the weights are given.", ""],
  z: ["Net input: each node adds up what comes in, activation times weight.", "step 2 of the handout's summary"],
  a: ["Activation: each node applies its function to its net input.", "step 2"],
  e: ["Error: how far is the prediction from the label?", "step 3"],
  d: ["δ: how much of the blame falls on each node, and in which direction.", "step 3"],
  w: ["Weight change: α · δ of the receiving node · activation of the sending node.", "step 3"],
  u: ["Update: every change is added to its weight. The next step forward begins the next update.", "step 4"],
};
const PHASE_NAMES = { x: "Start", z: "Net input", a: "Activation", e: "Error", d: "δ", w: "Weight change", u: "Update" };

/** What the stepper calls a phase: its kind, and the layer where there are two. */
function phaseName(network, { kind, layer }) {
  const place = layer === network.sizes.length - 2 ? "output" : "hidden";
  return "xeu".includes(kind) ? PHASE_NAMES[kind] : `${PHASE_NAMES[kind]}, ${place}`;
}

/** The scene: `app` has `golden`, `state` and `change(state)`; returns a function that shows a state. */
export function stepScene(app) {
  const parts = { shape: "", fields: [], width: 0 };
  buildStepper(app);
  buildPresets(app);
  for (const id of ["receipt", "as-python"]) {
    byId(id).parentElement.addEventListener("toggle", () => showReceipt(app.state, seenOf(app.state)));
  }
  byId("check-differences").addEventListener("click", () => showDifferences(app.state));
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
  const { state } = app, seen = seenOf(state), golden = app.golden;
  parts.fields.forEach((field) => field(state, seen));
  const isCase = isHandout(state, golden, seen.epoch), struck = wronglyPrinted(golden, isCase);
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
  const figure = byId("network"), hadFocus = figure.contains(document.activeElement);
  figure.replaceChildren(drawing);
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
  // A new drawing under a mouse that rests counts as a move, too; it must not undo what the keyboard picked.
  let last = "";
  figure.addEventListener("pointermove", (event) => {
    const here = `${event.clientX},${event.clientY}`;
    if (event.pointerType !== "touch" && here !== last) pick(event);
    last = here;
  });
  figure.addEventListener("keydown", (event) => {
    const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const stops = [...figure.querySelectorAll(".pick")], at = stops.indexOf(document.activeElement);
    if (!by || at < 0) return;
    event.preventDefault();
    stops[(at + by + stops.length) % stops.length].focus();
  });
}

function buildStepper(app) {
  // What is shown below the network follows the step, until another number is picked.
  const go = (by) => app.change({ ...stepped(app.state, by), pick: "" });
  byId("back").addEventListener("click", () => go(-1));
  byId("forward").addEventListener("click", () => go(1));
  byId("to-start").addEventListener("click", () => go(-app.state.steps));
  byId("next-update").addEventListener("click", () => go(phases(app.state.network).length));
}

function showStepper(state, seen) {
  const [words, step] = WORDS[seen.phase.kind];
  byId("phase").replaceChildren(h("b", {}, `Update ${seen.epoch + 1}, step ${seen.index + 1} of ${seen.count}: ${phaseName(state.network, seen.phase)}.`),
    ` ${words}`, step && h("small", {}, ` (${step})`));
  byId("back").disabled = state.steps === 0;
  byId("origin").textContent = !state.from ? "" : `This is XOR's network of seed ${state.from[0]} after ${state.from[2]} updates with learning rate ${state.from[1]}, `
    + "as in scene 4. There all four rows are learned at once; here you see one of them.";
  byId("track").replaceChildren(...seen.order.map((phase, k) =>
    h("li", { class: k === seen.index ? "here" : k < seen.index ? "done" : "", "aria-current": k === seen.index ? "step" : null,
      title: phaseName(state.network, phase) }, h("span", {}, phaseName(state.network, phase)))));
}

function buildPresets(app) {
  const cases = presets(app.golden), names = Object.keys(cases);
  const wanted = [[names[0], "The handout's case (0.6 assumed)"], [names[1], "The same without the assumption"],
    [names[3], "The exercise's weights"], [names[4], "ReLU in the hidden layer"]];
  byId("presets").replaceChildren(...wanted.map(([name, text]) => h("button", { type: "button", title: name,
    onclick: () => app.change({ ...app.state, ...cases[name], steps: Math.min(app.state.steps, 10), pick: "" }) }, text)));
}

/** The fields of one network, in groups; returns functions that show a state in them. */
function networkFields(app, state) {
  const { sizes, biases } = state.network, updates = [], field = (options, read) => {
    const built = numberField({ ...options, onChange: (value) => app.change(edited(app.state, options.path, value)) });
    updates.push((now, seen) => built.update(read(now, seen)));
    return built.element;
  };
  const inputs = state.x.map((_, i) => field({ path: `x.${i}`, name: `Input ${nodeName(state.network, 0, i)}`, label: nodeName(state.network, 0, i),
    bounds: BOUNDS.x, range: [-10, 10, 0.1] }, (now) => now.x[i]));
  const labels = state.y.map((_, j) => field({ path: `y.${j}`, name: "Label y", label: "label y", bounds: BOUNDS.y, range: [0, 1, 0.01] }, (now) => now.y[j]));
  const rate = field({ path: "rate", name: "Learning rate α", label: "rate α", bounds: BOUNDS.rate, range: [0, 2, 0.01] }, (now) => now.rate);
  const largest = Math.max(...state.params.flatMap((layer) => [...layer.weights.flat(), ...layer.biases].map(Math.abs)));
  const reach = Math.max(3, Math.ceil(1.2 * largest)), range = [-reach, reach, 0.05];
  const groups = [group("Data and learning rate", true, inputs, labels, rate, assumption(app, updates))];
  sizes.slice(1).forEach((count, l) => {
    for (let j = 0; j < count; j++) {
      const node = nodeName(state.network, l + 1, j);
      const weights = Array.from({ length: sizes[l] }, (_, i) => {
        const link = `${nodeName(state.network, l, i)} → ${node}`;
        return field({ path: `w.${l}.${i}.${j}`, name: `Weight ${link}`, label: link, bounds: BOUNDS.w, range },
          (now, seen) => seen.params[l].weights[i][j]);
      });
      const bias = biases && field({ path: `b.${l}.${j}`, name: `Bias of ${node}`, label: `bias ${node}`, bounds: BOUNDS.b, range },
        (now, seen) => seen.params[l].biases[j]);
      groups.push(group(`Weights into ${node}`, l > 0 || j === 0 || innerWidth > 900, weights, bias));
    }
  });
  groups.push(group("Activations and biases", false, functionFields(app, updates)));
  byId("fields").replaceChildren(...groups);
  return updates;
}

const group = (title, open, ...fields) => h("details", { class: "group", open }, h("summary", {}, title), ...fields);

/** The assumed output: a box to tick, and its number. */
function assumption(app, updates) {
  const box = h("input", { type: "checkbox", id: "assume", onchange: () =>
    app.change(edited(app.state, "assumed", box.checked ? app.golden.assumed : null)) });
  const built = numberField({ name: "Assumed output activation", label: "assumed ŷ", bounds: BOUNDS.assumed, range: [0.01, 0.99, 0.01],
    onChange: (value) => app.change(edited(app.state, "assumed", value)) });
  updates.push((state, seen) => {
    const assumed = assumedAt(state, seen.epoch);
    box.checked = assumed !== null;
    box.disabled = state.network.activations.at(-1) !== "sigmoid" || state.network.sizes.at(-1) !== 1;
    built.update(assumed ?? Number(seen.activations.at(-1)[0].toPrecision(4)), assumed === null);
  });
  return [h("div", { class: "field tick" }, box, h("label", { for: "assume" }, "assume the output's activation, as the handout does")), built.element];
}

function functionFields(app, updates) {
  const names = Object.keys(ACTIVATIONS).map((name) => [name, name]);
  const fields = ["Hidden nodes' activation", "Output's activation"].map((name, layer) => {
    const built = choiceField({ name, label: layer ? "output" : "hidden", names, onChange: (value) => app.change(withActivation(app.state, layer, value)) });
    updates.push((state) => built.update(state.network.activations[layer]));
    return built.element;
  });
  const box = h("input", { type: "checkbox", id: "biases", onchange: () => app.change(withBiases(app.state, box.checked)) });
  updates.push((state) => { box.checked = state.network.biases; });
  return [...fields, h("div", { class: "field tick" }, box, h("label", { for: "biases" }, "biases"))];
}

function showFormula(state, seen, struck) {
  const pick = pickOf(state, seen), told = formula(state, seen, pick), printed = isKnown(state, seen, place(pick)) && struck(pick);
  byId("formula").replaceChildren(
    h("p", { class: "name" }, told.name),
    h("p", { class: "math" }, told.symbols, told.numbers && [h("br"), `= ${told.numbers}`], h("br"), "= ",
      printed && [h("del", { "aria-label": `the handout prints ${printed.text}` }, printed.text), " "], h("output", {}, show(told.value))),
    printed ? h("p", { class: "why" }, `The handout prints ${printed.text}. ${printed.why}`) : "",
    told.note ? h("p", { class: "why" }, told.note) : "");
}

/** The kind and layer of an id, as phases have them. */
function place(id) {
  const [kind, layer] = id.split(".");
  return { kind, layer: kind === "u" ? 1 : Number(layer) };
}

/** Node by node beside the matrix form. */
function showPanels(state, seen) {
  const all = computedNow(state, seen);
  byId("nodes").replaceChildren(...all.map((id) => {
    const told = formula(state, seen, id);
    return h("li", {}, h("span", { class: "what" }, told.name), " ", h("span", { class: "math" },
      told.numbers ? `${told.numbers} = ` : "", h("b", {}, show(told.value))));
  }));
  byId("matrices").replaceChildren(...matrixForm(state, seen).map((part) =>
    (typeof part === "string" ? h("span", {}, part) : matrix(part, (value) => show(value, 4)))));
}

function showPrinted(golden, isCase, seen) {
  const rows = isCase ? printedRows(golden).filter(({ phase }) => phase === `${seen.phase.kind}${seen.phase.layer}`) : [];
  byId("printed").hidden = !rows.length;
  byId("printed-rows").replaceChildren(...rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.step),
    h("td", { "data-label": "printed" }, row.agrees ? row.text.replace("-", "−") : h("del", {}, row.text.replace("-", "−"))), h("td", { "data-label": "true" }, show(row.computed)),
    h("td", { "data-label": "why" }, row.agrees ? "right" : row.why))));
}

/** The receipt and the lines of Python, where they are folded out: they are long. */
function showReceipt(state, seen) {
  if (byId("as-python").parentElement.open) byId("as-python").textContent = asPython(state, seen);
  if (!byId("receipt").parentElement.open) return;
  const text = JSON.stringify(receipt(state, seen), null, 1);
  byId("receipt").textContent = text;
  byId("receipt-file").setAttribute("href", `data:application/json;charset=utf-8,${encodeURIComponent(text)}`);
}

/** Every weight's gradient by hand beside finite differences; only when asked for. */
function showDifferences(state) {
  const seen = seenOf(state);
  const measured = differences(state.network, seen.params, state.x, state.y, assumedAt(state, seen.epoch));
  const rows = seen.deltas.flatMap((delta, l) => seen.activations[l].flatMap((a, i) => delta.map((d, j) => ({
    link: `${nodeName(state.network, l, i)} → ${nodeName(state.network, l + 1, j)}`, byHand: a * d, measured: measured[l][i][j],
  }))));
  const largest = Math.max(...rows.map(({ byHand }) => Math.abs(byHand)), 1e-12);
  const worst = Math.max(...rows.map((row) => Math.abs(row.byHand - row.measured))) / largest;
  byId("differences").replaceChildren(
    h("p", {}, `−∂L/∂w of each weight, by hand (δ · activation) and as (L(w − h) − L(w + h)) / 2h with h = 10⁻⁶. `,
      h("b", {}, `The largest difference is ${show(worst, 2)} of the largest gradient.`)),
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "finite differences" }, h("table", {}, h("thead", {}, h("tr", {}, ["weight", "by hand", "by differences"].map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.link), h("td", {}, show(row.byHand)), h("td", {}, show(row.measured))))))));
}
