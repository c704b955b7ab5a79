// A native number field with a slider; it says what it cannot read, which browsers do not.
import { readNumber, readWhole } from "./address.mjs";
import { fieldId, h } from "./dom.mjs";

const asTyped = (value) => String(Number(value.toPrecision(7)));

/**
 * A number field with a slider. `range` is [lowest, highest, step] of the slider, `bounds` limits what may be typed.
 * A message below it says what cannot be read, and the previous number comes back.
 */
export function numberField({ name, label = name, bounds, range, whole = false, onChange }) {
  const id = fieldId(),
    [min, max, step] = range;
  const error = h("span", { class: "error", id: `${id}-error`, role: "alert" });
  // The step is what arrow keys and spin buttons add; any other number may be typed, too.
  const number = h("input", {
    type: "number",
    id,
    step,
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
  const type = (lost) => {
    try {
      const value = readField({ name, bounds, whole }, number, lost);
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
  number.addEventListener("change", keep);
  watch(number, type);
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
  /** Show the state's number, unless it equals what was typed last. */
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

/** Read the number in a field; `lost` is what the browser rejected. */
function readField({ name, bounds, whole }, number, lost) {
  if (lost)
    throw new Error(`${name} must be a number: “${lost.slice(0, 40)}” cannot stand here. Delete and type again`);
  if (number.validity.badInput)
    throw new Error(`${name} must be a number from ${bounds.join(" to ")}, and this is not one yet`);
  return (whole ? readWhole : readNumber)(name, number.value, bounds);
}

/** Turn a decimal comma into a point, and a typographic minus into a plain one; leave other text as it is. */
function plain(text) {
  const trimmed = text.trim().replace("−", "-");
  return /^[+-]?\d*,\d*(e[+-]?\d+)?$/i.test(trimmed) ? trimmed.replace(",", ".") : trimmed;
}

/**
 * Call `typed(lost)` on every change. Browsers silently drop what is not part of a number, so that “0,5” would
 * become 05: a comma is entered as a point, and dropped text is reported until it is deleted.
 */
function watch(number, typed) {
  let lost = "",
    awaited = null;
  const miss = () => {
    if (awaited === null) return;
    [lost, awaited] = [awaited, null];
    typed(lost);
  };
  number.addEventListener("beforeinput", (event) => {
    if (event.data === null || event.data === undefined || event.isComposing) return;
    const text = plain(event.data);
    if (text !== event.data) {
      event.preventDefault();
      if (text) document.execCommand("insertText", false, text);
      return;
    }
    miss();
    awaited = text;
    setTimeout(miss);
  });
  number.addEventListener("input", (event) => {
    const came = event.data ?? null;
    if (came !== null && awaited !== null && came !== awaited) lost = awaited;
    else if (came === null || came === number.value) lost = "";
    awaited = null;
    typed(lost);
  });
  number.addEventListener("focus", () => {
    lost = "";
  });
}
