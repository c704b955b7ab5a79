// Elements, choices and matrices that every scene uses.

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

/** An id that no other field has. */
export const fieldId = () => `field-${++fieldCount}`;

/** A choice of names. */
export function choiceField({ name, label = name, names, onChange }) {
  const id = fieldId();
  const select = h(
    "select",
    { id, "aria-label": name, onchange: () => onChange(select.value) },
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

/** Report the width of an element, now and whenever it changes. */
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
