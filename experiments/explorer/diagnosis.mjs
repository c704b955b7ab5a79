// Is a typed answer right, and if not, which slip leads to it? Slips are computed, not looked up.
import { SLIPS } from "./slips.mjs";

/**
 * Whether a typed number is the expected one: rounded at its last digit, truncated there if it has three or more
 * digits, or within 5 parts in 10,000. A single digit must be the number itself, and 0 matches only 0.
 */
export function matches(text, expected) {
  const typed = text.trim() === "" ? NaN : Number(text),
    off = Math.abs(typed - expected),
    digits = significant(text);
  if (typed === 0) return expected === 0;
  if (digits < 2) return off <= 1e-9 * Math.abs(expected);
  return off <= (digits < 3 ? 0.501 : 1) * lastDigit(text) || off <= 5e-4 * Math.abs(expected);
}

/** The unit of a typed number's last digit. */
function lastDigit(text) {
  const decimals = /\.(\d*)/.exec(text)?.[1].length ?? 0,
    exponent = Number(/e([+-]?\d+)$/i.exec(text)?.[1] ?? 0);
  return 10 ** (exponent - decimals);
}

const isRounded = (text, expected) => Math.abs(Number(text) - expected) <= 0.501 * lastDigit(text);

/** The number of significant digits of a typed number. */
const significant = (text) =>
  text
    .replace(/e.*/i, "")
    .replace(/^\s*[+-]?0*\.?0*/, "")
    .replace(/\D/g, "").length;

/**
 * Judge field `k` of an exercise; `row` is the content of all its fields:
 * {verdict: "right" | "slip" | "wrong" | "short", text}.
 */
export function diagnose(each, k, text, row = []) {
  if (matches(text, each.answers([])[k])) return { verdict: "right", text: "Right." };
  for (const [how, task] of Object.entries(each.also ?? {})) {
    if (matches(text, each.answers([], task)[k])) return { verdict: "right", text: `Right, ${how}.` };
  }
  const found = best(each, k, text, row);
  if (found) return { verdict: "slip", slips: found.slips, text: `Not quite: ${found.text}.` };
  if (Number(text) !== 0 && significant(text) < 2)
    return { verdict: "short", text: "Type at least two significant digits." };
  return { verdict: "wrong", text: "This is not the number, and none of the usual slips gives it." };
}

/**
 * Find the explanation for this number: the one that gives most of the row; among equals the one with the fewest
 * slips, then one that is rounded correctly, then the first.
 * Two slips at once give so many different numbers that two digits cannot tell them apart.
 */
function best(each, k, text, row) {
  const gives = ({ values, slips, cost }, typed, at) =>
    matches(typed, values[at]) && (cost < 2 || (significant(typed) > 2 && isRounded(typed, values[at])));
  const filled = [...each.fields.keys()].filter((at) => at === k || row[at]),
    typed = (at) => (at === k ? text : row[at]);
  const scored = (one) => {
    const given = filled.filter((at) => gives(one, typed(at), at));
    const rounded = given.filter((at) => isRounded(typed(at), one.values[at]));
    return [-given.length, one.cost, -rounded.length, one];
  };
  const found = explanations(each).filter((one) => gives(one, text, k));
  const at = each.answers([]).findIndex((value, i) => i !== k && Number(text) !== 0 && matches(text, value));
  if (at >= 0 && !found.some(({ cost }) => cost < 2))
    return { slips: [], text: `that is the answer for ${each.fields[at]}` };
  const order = (a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
  return found.map(scored).sort(order)[0]?.[3];
}

const NEW_WEIGHT = "that is the new weight; its change is asked for";
const known = new WeakMap();

/** List all that may have been calculated instead: another task, one slip or two; {cost, slips, text, values}. */
function explanations(each) {
  if (!known.has(each)) known.set(each, computed(each));
  return known.get(each);
}

function computed(each) {
  const tasks = [each.task, ...Object.values(each.also ?? {})],
    others = Object.entries(each.others),
    say = (names) => names.map((name) => SLIPS[name]).join("; and ");
  const made = (slips) =>
    tasks.map((task) => ({
      cost: slips.length,
      slips,
      text: say(slips),
      values: each.answers(slips, task),
    }));
  const other = (slips) =>
    others.map(([name, task]) => ({
      cost: 1 + slips.length,
      slips,
      text: [name, ...slips.map((slip) => SLIPS[slip])].join("; and "),
      values: each.answers(slips, task),
    }));
  const right = each.answers([]),
    news = each.news && { [NEW_WEIGHT]: each.news.map((w, k) => w + right[k]) };
  const stated = Object.entries({ ...each.stated, ...news }).map(([text, values]) => ({
    cost: 1,
    slips: [],
    text,
    values,
  }));
  const order = Object.keys(SLIPS).filter((name) => each.slips.includes(name));
  return [
    ...other([]),
    ...stated,
    ...order.flatMap((name) => made([name])),
    ...order.flatMap((name) => other([name])),
    ...pairs(order).flatMap(made),
  ];
}

const pairs = (names) => names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
