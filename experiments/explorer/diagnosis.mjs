// Is a typed answer right, and if not, which slip gives it? Slips are computed, not looked up.
import { SLIPS } from "./slips.mjs";

/**
 * Whether a typed number is the one expected: rounded at its last digit, cut off there if it has three digits or
 * more, or within 5 parts in 10,000.
 */
export function matches(text, expected) {
  const decimals = /\.(\d*)/.exec(text)?.[1].length ?? 0,
    exponent = Number(/e([+-]?\d+)$/i.exec(text)?.[1] ?? 0);
  const unit = 10 ** (exponent - decimals),
    off = Math.abs(Number(text) - expected);
  return off <= (significant(text) < 3 ? 0.501 : 1) * unit || off <= 5e-4 * Math.abs(expected);
}

/** The number of significant digits of a typed number. */
const significant = (text) =>
  text
    .replace(/e.*/i, "")
    .replace(/^[+-]?0*\.?0*/, "")
    .replace(/\D/g, "").length;

/** What is to be said about field `k` of an exercise: {verdict: "right" | "slip" | "wrong" | "short", text}. */
export function diagnose(each, k, text) {
  const right = each.answers([])[k];
  if (Number(text) !== 0 && significant(text) < 2 && !Number.isInteger(right))
    return { verdict: "short", text: "Type at least two significant digits." };
  if (matches(text, right)) return { verdict: "right", text: "Right." };
  for (const [how, task] of Object.entries(each.also ?? {})) {
    if (matches(text, each.answers([], task)[k])) return { verdict: "right", text: `Right, ${how}.` };
  }
  return (
    slipped(each, k, text, right) ?? {
      verdict: "wrong",
      text: "Not this number, and none of the usual slips gives it.",
    }
  );
}

/** The first explanation that gives the number: one slip, another task, another node, the new weight, two slips. */
function slipped(each, k, text, right) {
  const tasks = [each.task, ...Object.values(each.also ?? {})];
  const gives = (made) =>
    tasks.some((task) => matches(text, each.answers(made, task)[k])) && !matches(text, right);
  const say = (names) => ({
    verdict: "slip",
    slips: names,
    text: `Not quite: ${names.map((name) => SLIPS[name]).join("; and ")}.`,
  });
  const single = each.slips.find((name) => gives([name]));
  if (single) return say([single]);
  const other = Object.entries(each.others).find(([, task]) => matches(text, each.answers([], task)[k]));
  if (other) return { verdict: "slip", slips: [], text: `Not quite: ${other[0]}.` };
  if (each.first !== undefined && matches(text, each.first))
    return { verdict: "slip", slips: [], text: "Not quite: that is the output before the update." };
  if (each.news && matches(text, each.news[k] + right))
    return {
      verdict: "slip",
      slips: [],
      text: "Not quite: that is the new weight; its change is asked for.",
    };
  const at = each.answers([]).findIndex((value, i) => i !== k && matches(text, value));
  if (at >= 0)
    return { verdict: "slip", slips: [], text: `Not quite: that is the answer for ${each.fields[at]}.` };
  const pair = pairs(each.slips).find(gives);
  return pair ? say(pair) : null;
}

const pairs = (names) => names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));
