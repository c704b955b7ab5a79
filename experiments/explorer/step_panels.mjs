// Scene 1's panels: the formula, the step node by node and as matrices, what is printed, receipt, differences.
import { byId, h, matrix } from "./dom.mjs";
import { computedNow, formula, isKnown, nodeName, pickOf, show } from "./formulas.mjs";
import { matrixForm } from "./matrices.mjs";
import { differences } from "./network.mjs";
import { printedRows } from "./printed.mjs";
import { stepPython } from "./python.mjs";
import { receipt } from "./receipt.mjs";
import { assumedAt } from "./state.mjs";

export function showFormula(state, seen, struck) {
  const pick = pickOf(state, seen),
    told = formula(state, seen, pick),
    printed = isKnown(state, seen, place(pick)) && struck(pick);
  byId("formula").replaceChildren(
    h("p", { class: "name" }, told.name),
    h(
      "p",
      { class: "math" },
      told.symbols,
      told.numbers && [h("br"), `= ${told.numbers}`],
      h("br"),
      "= ",
      printed && [h("del", { "aria-label": `the handout prints ${printed.text}` }, printed.text), " "],
      h("output", {}, show(told.value)),
    ),
    printed ? h("p", { class: "why" }, `The handout prints ${printed.text}. ${printed.why}`) : "",
    told.note ? h("p", { class: "why" }, told.note) : "",
  );
}

/** The kind and layer of an id, as phases have them. */
function place(id) {
  const [kind, layer] = id.split(".");
  return { kind, layer: kind === "u" ? 1 : Number(layer) };
}

/** The step node by node, beside its matrix form. */
export function showPanels(state, seen) {
  const all = computedNow(state, seen);
  byId("nodes").replaceChildren(
    ...all.map((id) => {
      const told = formula(state, seen, id);
      return h(
        "li",
        {},
        h("span", { class: "what" }, told.name),
        " ",
        h("span", { class: "math" }, told.numbers ? `${told.numbers} = ` : "", h("b", {}, show(told.value))),
      );
    }),
  );
  byId("matrices").replaceChildren(
    ...matrixForm(state, seen).map((part) =>
      typeof part === "string" ? h("span", {}, part) : matrix(part, (value) => show(value, 4)),
    ),
  );
}

export function showPrinted(golden, isCase, seen) {
  const rows = isCase
    ? printedRows(golden).filter(({ phase }) => phase === `${seen.phase.kind}${seen.phase.layer}`)
    : [];
  byId("printed-note").textContent = isCase
    ? rows.length
      ? ""
      : "Nothing at this step."
    : "The handout's printed numbers belong to its own case, in the first update. “The handout's case” above brings them back.";
  byId("printed").querySelector("table").hidden = !rows.length;
  byId("printed-rows").replaceChildren(
    ...rows.map((row) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, row.step),
        h(
          "td",
          { "data-label": "printed" },
          row.agrees ? row.text.replace("-", "−") : h("del", {}, row.text.replace("-", "−")),
        ),
        h("td", { "data-label": "true" }, show(row.computed)),
        h("td", { "data-label": "why" }, row.agrees ? "right" : row.why),
      ),
    ),
  );
}

/** The receipt and the lines of Python, only if unfolded: they are long. */
export function showReceipt(state, seen) {
  if (byId("as-python").parentElement.open) byId("as-python").textContent = stepPython(state, seen);
  if (!byId("receipt").parentElement.open) return;
  const text = JSON.stringify(receipt(state, seen), null, 1);
  byId("receipt").textContent = text;
  byId("receipt-file").setAttribute(
    "href",
    `data:application/json;charset=utf-8,${encodeURIComponent(text)}`,
  );
}

/** Every weight's gradient by hand beside finite differences, only on request. */
export function showDifferences(state, seen) {
  const measured = differences(state.network, seen.params, state.x, state.y, assumedAt(state, seen.epoch));
  const rows = seen.deltas.flatMap((delta, l) =>
    seen.activations[l].flatMap((a, i) =>
      delta.map((d, j) => ({
        link: `${nodeName(state.network, l, i)} → ${nodeName(state.network, l + 1, j)}`,
        byHand: a * d,
        measured: measured[l][i][j],
      })),
    ),
  );
  const largest = Math.max(...rows.map(({ byHand }) => Math.abs(byHand)), 1e-12);
  const worst = Math.max(...rows.map((row) => Math.abs(row.byHand - row.measured))) / largest;
  byId("differences").replaceChildren(
    h(
      "p",
      {},
      `−∂L/∂w of each weight, by hand (δ · activation) and as (L(w − h) − L(w + h)) / 2h with h = 10⁻⁶. `,
      h("b", {}, `The largest difference is ${show(worst, 2)} of the largest gradient.`),
    ),
    h(
      "div",
      { class: "wide", tabindex: "0", role: "region", "aria-label": "finite differences" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["weight", "by hand", "by differences"].map((text) => h("th", { scope: "col" }, text)),
          ),
        ),
        h(
          "tbody",
          {},
          rows.map((row) =>
            h(
              "tr",
              {},
              h("th", { scope: "row" }, row.link),
              h("td", {}, show(row.byHand)),
              h("td", {}, show(row.measured)),
            ),
          ),
        ),
      ),
    ),
  );
}
