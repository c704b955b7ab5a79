// Elements, and the number field with a slider that every scene uses.
import { readNumber, readWhole } from "./address.mjs";

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? "" : value);
  }
  element.append(
    ...children.flat(3).filter((child) => child !== null && child !== false && child !== undefined),
  );
  return element;
}

/** An HTML element. */
export const h = (tag, attributes, ...children) => build(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) =>
  build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

export const byId = (id) => document.getElementById(id);

let fieldCount = 0;
const asTyped = (value) => String(Number(value.toPrecision(7)));

/**
 * A number field with a slider. `range` is [lowest, highest, step] of the slider, `bounds` what may be typed.
 * What cannot be read is said below it, and the number from before the typing comes back.
 */
export function numberField({ name, label = name, bounds, range, whole = false, onChange }) {
  const id = `field-${++fieldCount}`,
    [min, max, step] = range;
  const error = h("span", { class: "error", id: `${id}-error`, role: "alert" });
  // A field of type number drops what it cannot read, a decimal comma for one, without a word.
  const number = h("input", {
    type: "text",
    id,
    "aria-label": name,
    "aria-describedby": `${id}-error`,
    autocomplete: "off",
  });
  const slider = h("input", { type: "range", min, max, step, "aria-label": `${name}, slider` });
  let shown = null,
    before = null;
  const say = (message) => {
    error.textContent = message;
    number.setAttribute("aria-invalid", message ? "true" : "false");
  };
  const take = (value) => {
    [shown, slider.value] = [value, value];
    onChange(value);
  };
  const type = () => {
    try {
      const value = (whole ? readWhole : readNumber)(name, number.value, bounds);
      say("");
      take(value);
    } catch (problem) {
      say(`${problem.message}; it stays ${asTyped(before)}`);
      if (shown !== before) take(before);
    }
  };
  const keep = () => {
    if (number.getAttribute("aria-invalid") !== "true") before = shown;
  };
  number.addEventListener("focus", keep);
  number.addEventListener("input", type);
  number.addEventListener("change", keep);
  number.addEventListener("keydown", (event) => {
    const by = { ArrowUp: step, ArrowDown: -step }[event.key];
    if (!by) return;
    event.preventDefault();
    number.value = String(Number((shown + by).toPrecision(7)));
    type();
    keep();
  });
  slider.addEventListener("input", () => {
    say("");
    shown = before = Number(slider.value);
    number.value = slider.value;
    onChange(shown);
  });
  const element = h(
    "div",
    { class: "field" },
    h("label", { for: id, title: name }, label),
    slider,
    number,
    error,
  );
  /** Show the state's number, unless it is what was typed last. */
  const update = (value, disabled = false) => {
    number.disabled = slider.disabled = disabled;
    if (value === shown) return;
    shown = before = value;
    say("");
    slider.value = value;
    number.value = asTyped(value);
  };
  return { element, update };
}

/** A choice of names. */
export function choiceField({ name, label = name, names, onChange }) {
  const id = `field-${++fieldCount}`;
  const select = h(
    "select",
    { id, onchange: () => onChange(select.value) },
    names.map(([value, text]) => h("option", { value }, text)),
  );
  const update = (value) => {
    select.value = value;
  };
  return {
    element: h("div", { class: "field choice" }, h("label", { for: id, title: name }, label), select),
    update,
  };
}

/** The width of an element, again whenever it changes. */
export function onWidth(element, tell) {
  let last = 0;
  new ResizeObserver(([entry]) => {
    const width = Math.round(entry.contentRect.width);
    if (width && width !== last) tell((last = width));
  }).observe(element);
}

/** A matrix between brackets. */
export function matrix(rows, show) {
  return h(
    "span",
    {
      class: "matrix",
      role: "img",
      "aria-label": `matrix ${rows.map((row) => row.map((value) => show(value)).join(", ")).join("; ")}`,
    },
    h(
      "span",
      { class: "cells", style: `grid-template-columns: repeat(${rows[0].length}, auto)` },
      rows.flat().map((value) => h("span", {}, show(value))),
    ),
  );
}
