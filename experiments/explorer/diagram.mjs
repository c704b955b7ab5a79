// The network as a drawing: numbers in the nodes and weights on the links, each of which can be picked.
import { s } from "./dom.mjs";
import { labelPlaces, labelSize, linkLines, nodeBoxes } from "./geometry.mjs";
import { brief, computedNow, formula, isKnown, nodeName, pickOf, show } from "./formulas.mjs";

/** List the rows of numbers in a node: [id, letter]. */
function rowsOf(network, layer, j) {
  if (layer === 0) return [[`x.${j}`, ""]];
  const l = layer - 1,
    rows = [
      [`z.${l}.${j}`, "z"],
      [`a.${l}.${j}`, "a"],
    ];
  if (network.biases) rows.unshift([`b.${l}.${j}`, "b"]);
  if (layer === network.sizes.length - 1) rows.push([`e.${j}`, "y−ŷ"]);
  return [...rows, [`d.${l}.${j}`, "δ"]];
}

function isShown(state, seen, id) {
  const [kind, l] = id.split(".");
  if (kind === "x" || kind === "b") return true;
  return isKnown(state, seen, { kind, layer: kind === "e" ? seen.params.length - 1 : Number(l) });
}

/** Draw the network; `struck` gives the handout's printed number if it is wrong. */
export function diagram(state, seen, width, struck) {
  const { sizes } = state.network;
  const rows = sizes.map((_, layer) => rowsOf(state.network, layer, 0).length);
  const { boxes, height, narrow } = nodeBoxes(sizes, width, rows),
    links = linkLines(sizes, boxes, narrow);
  const now = new Set(computedNow(state, seen));
  const pick = pickOf(state, seen),
    context = { state, seen, now, struck, narrow, pick };
  const places = labelPlaces(links, narrow);
  return s(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "group",
      class: `network${narrow ? " narrow" : ""}`,
      "aria-label":
        "The network. Arrow keys move from number to number; the formula of the current number is below.",
    },
    links.map((link) => line(context, link)),
    links.map((link, k) => linkLabel(context, link, places[k])),
    sizes.flatMap((count, layer) =>
      Array.from({ length: count }, (_, j) => node(context, layer, j, boxes[`${layer}.${j}`])),
    ),
  );
}

function idOf({ seen }, { layer, i, j }) {
  return `${seen.phase.kind === "u" ? "u" : "w"}.${layer}.${i}.${j}`;
}

function line(context, link) {
  const { state, seen } = context,
    id = idOf(context, link),
    w = seen.params[link.layer].weights[link.i][link.j];
  const [[x1, y1], [x2, y2]] = [link.from, link.to],
    picked = sameLink(context.pick, id);
  const common = { x1, y1, x2, y2, "data-id": id };
  return s(
    "g",
    {},
    s("line", { ...common, class: "hit" }),
    s("line", {
      ...common,
      class: `link ${w < 0 ? "minus" : "plus"}${picked ? " picked" : ""}`,
      "stroke-width": Math.min(context.narrow ? 3 : 5, 1 + 1.5 * Math.abs(w)) || 1,
    }),
  );
}

const sameLink = (pick, id) => /^[wu]/.test(pick) && pick.slice(1) === id.slice(1);

function linkLabel(context, link, [x, y]) {
  const { state, seen, now, narrow } = context,
    id = idOf(context, link),
    l = link.layer;
  const updated = seen.phase.kind === "u",
    w = (updated ? seen.updated : seen.params)[l].weights[link.i][link.j];
  const known = isKnown(state, seen, { kind: "w", layer: l }) && !narrow;
  const change = show(seen.changes[l].weights[link.i][link.j], 2);
  const [halfWidth, halfHeight] = labelSize(narrow).map((side) => side / 2 - (narrow ? 0.5 : 0));
  const half = known || narrow ? halfHeight : 8;
  return pickable(
    context,
    id,
    [
      s("rect", {
        class: `backing${now.has(id) ? " now" : ""}`,
        x: x - halfWidth,
        y: y - half,
        width: 2 * halfWidth,
        height: 2 * half,
        rx: 3,
      }),
      s(
        "text",
        { x, y: known ? y - 3 : y + 4, class: `weight ${w < 0 ? "minus" : "plus"}` },
        narrow ? brief(w) : show(w, 4),
      ),
      known &&
        s(
          "text",
          { x, y: y + 11, class: "change" },
          `${change.startsWith("−") || change === "0" ? "" : "+"}${change}`,
        ),
    ],
    sameLink(context.pick, id),
  );
}

/** A group that can be pointed at, tapped, focused and reached with arrow keys. */
function pickable({ state, seen, pick }, id, children, picked = pick === id) {
  const told = formula(state, seen, id),
    bias = told.name.startsWith("Change of the bias") ? `Bias ${show(rowValue(state, seen, id))}. ` : "";
  return s(
    "g",
    {
      class: `pick${picked ? " picked" : ""}`,
      "data-id": id,
      role: "button",
      tabindex: picked ? 0 : -1,
      "aria-pressed": String(picked),
      "aria-label": `${bias}${told.name}: ${show(told.value)}`,
    },
    children,
  );
}

function node(context, layer, j, box) {
  const { state, seen } = context,
    rows = rowsOf(state.network, layer, j);
  const left = box.x - box.width / 2,
    top = box.y - box.height / 2;
  return s(
    "g",
    {},
    s("rect", { class: "node", x: left, y: top, width: box.width, height: box.height, rx: 8 }),
    s("text", { class: "name", x: box.x, y: top + 16 }, nodeName(state.network, layer, j)),
    rows.map(
      ([id, letter], k) => isShown(state, seen, id) && nodeRow(context, id, letter, box, top + 22 + 17 * k),
    ),
  );
}

function nodeRow(context, id, letter, box, top) {
  const { state, seen, now, struck, narrow } = context,
    left = box.x - box.width / 2,
    printed = struck(id);
  const value = rowValue(state, seen, id),
    right = left + box.width - 6;
  const marks = `${now.has(id) ? " now" : ""}${printed ? " slip" : ""}`;
  return pickable(context, id, [
    s("rect", { class: `row${marks}`, x: left + 2, y: top - 1, width: box.width - 4, height: 16, rx: 3 }),
    letter && s("text", { class: "letter", x: left + 7, y: top + 11.5 }, letter),
    s(
      "text",
      letter
        ? { class: `value ${id[0]}`, x: right, y: top + 11.5 }
        : { class: "value middle", x: box.x, y: top + 11.5 },
      narrow ? show(value, Math.abs(value) < 0.01 ? 2 : 3, 1e-3) : show(value, 4),
    ),
  ]);
}

/** The value shown in a node: for a bias its own value, even if its formula is that of its change. */
function rowValue(state, seen, id) {
  const [kind, l, j] = id.split(".");
  if (kind !== "b") return formula(state, seen, id).value;
  return (seen.phase.kind === "u" ? seen.updated : seen.params)[l].biases[j];
}
