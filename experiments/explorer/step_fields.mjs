// Scene 1's fields: every number of the network, with a slider.
import { byId, choiceField, h } from "./dom.mjs";
import { nodeName } from "./formulas.mjs";
import { ACTIVATIONS } from "./network.mjs";
import { numberField } from "./number_field.mjs";
import { BOUNDS, assumedAt, edited, withActivation, withBiases } from "./state.mjs";

/** The fields of one network, in groups; returns functions that show a state in them. */
export function networkFields(app, state) {
  const { sizes, biases } = state.network,
    updates = [],
    field = (options, read) => {
      const built = numberField({
        ...options,
        onChange: (value) => app.change(edited(app.state, options.path, value)),
      });
      updates.push((now, seen) => built.update(read(now, seen)));
      return built.element;
    };
  const inputs = state.x.map((_, i) =>
    field(
      {
        path: `x.${i}`,
        name: `Input ${nodeName(state.network, 0, i)}`,
        label: nodeName(state.network, 0, i),
        bounds: BOUNDS.x,
        range: [-10, 10, 0.1],
      },
      (now) => now.x[i],
    ),
  );
  const labels = state.y.map((_, j) =>
    field(
      { path: `y.${j}`, name: "Label y", label: "label y", bounds: BOUNDS.y, range: [0, 1, 0.01] },
      (now) => now.y[j],
    ),
  );
  const rate = field(
    { path: "rate", name: "Learning rate α", label: "rate α", bounds: BOUNDS.rate, range: [0, 2, 0.01] },
    (now) => now.rate,
  );
  const largest = Math.max(
    ...state.params.flatMap((layer) => [...layer.weights.flat(), ...layer.biases].map(Math.abs)),
  );
  const reach = Math.max(3, Math.ceil(1.2 * largest)),
    range = [-reach, reach, 0.05];
  const groups = [group("Data and learning rate", true, inputs, labels, rate, assumedField(app, updates))];
  sizes.slice(1).forEach((count, l) => {
    for (let j = 0; j < count; j++) {
      const node = nodeName(state.network, l + 1, j);
      const weights = Array.from({ length: sizes[l] }, (_, i) => {
        const link = `${nodeName(state.network, l, i)} → ${node}`;
        return field(
          { path: `w.${l}.${i}.${j}`, name: `Weight ${link}`, label: link, bounds: BOUNDS.w, range },
          (now, seen) => seen.params[l].weights[i][j],
        );
      });
      const bias =
        biases &&
        field(
          { path: `b.${l}.${j}`, name: `Bias of ${node}`, label: `bias of ${node}`, bounds: BOUNDS.b, range },
          (now, seen) => seen.params[l].biases[j],
        );
      groups.push(group(`Weights into ${node}`, l > 0 || j === 0 || innerWidth > 900, weights, bias));
    }
  });
  groups.push(group("Activations and biases", false, functionFields(app, updates)));
  byId("fields").replaceChildren(...groups);
  return updates;
}

const group = (title, open, ...fields) =>
  h("details", { class: "group", open }, h("summary", {}, title), ...fields);

/** The assumed output: a box to tick, and its number. */
function assumedField(app, updates) {
  const box = h("input", {
    type: "checkbox",
    id: "assume",
    onchange: () => app.change(edited(app.state, "assumed", box.checked ? app.golden.assumed : null)),
  });
  const built = numberField({
    name: "Assumed ŷ, the output's activation",
    label: "assumed ŷ",
    bounds: BOUNDS.assumed,
    range: [...BOUNDS.assumed, 0.001],
    onChange: (value) => app.change(edited(app.state, "assumed", value)),
  });
  updates.push((state, seen) => {
    const assumed = assumedAt(state, seen.epoch);
    box.checked = assumed !== null;
    box.disabled = state.network.activations.at(-1) !== "sigmoid" || state.network.sizes.at(-1) !== 1;
    built.update(assumed ?? Number(seen.activations.at(-1)[0].toPrecision(4)), assumed === null);
  });
  return [
    h(
      "div",
      { class: "field tick" },
      box,
      h("label", { for: "assume" }, "assume the output's activation, as the handout does"),
    ),
    built.element,
  ];
}

function functionFields(app, updates) {
  const names = Object.keys(ACTIVATIONS).map((name) => [name, name]);
  const fields = ["Hidden nodes' activation", "Output's activation"].map((name, layer) => {
    const built = choiceField({
      name,
      label: layer ? "output" : "hidden",
      names,
      onChange: (value) => app.change(withActivation(app.state, layer, value)),
    });
    updates.push((state) => built.update(state.network.activations[layer]));
    return built.element;
  });
  const box = h("input", {
    type: "checkbox",
    id: "biases",
    onchange: () => app.change(withBiases(app.state, box.checked)),
  });
  updates.push((state) => {
    box.checked = state.network.biases;
  });
  return [...fields, h("div", { class: "field tick" }, box, h("label", { for: "biases" }, "biases"))];
}
