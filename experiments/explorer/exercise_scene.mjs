// Scene 2: the handout's exercises; for a wrong answer it names the slip that leads to it.
import { byId, h, matrix } from "./dom.mjs";
import { diagnose } from "./diagnosis.mjs";
import { exercises } from "./exercises.mjs";
import { show, subscript } from "./formulas.mjs";
import { readNumber } from "./address.mjs";

/** The scene; returns a function that shows a state. */
export function exerciseScene(app) {
  const cards = exercises(app.golden).map((each) => card(app, each));
  byId("exercise-list").replaceChildren(...cards.map(({ element }) => element));
  return (state, before) => {
    if (before && before.answers === state.answers && before.open === state.open) return;
    cards.forEach((each) => each.update(state));
  };
}

function card(app, each) {
  const fields = each.fields.map((name, k) => answerField(app, each, name, k));
  const solution = h(
    "details",
    { class: "solution", ontoggle: () => fold(app, each.id, solution.open) },
    h("summary", {}, `Solution of exercise ${each.id}`),
  );
  const element = h(
    "article",
    { class: "card exercise", "aria-labelledby": `exercise-${each.id}` },
    h("h3", { id: `exercise-${each.id}` }, `${each.id}. ${each.handout}`),
    h("p", {}, each.ask),
    each.table && given(each.table, each.id),
    h(
      "div",
      { class: each.perNode === 3 ? "answers three" : "answers" },
      fields.map((field) => field.element),
    ),
    solution,
  );
  const update = (state) => {
    const row = fields.map((_, k) => state.answers[each.id]?.[k] ?? "");
    fields.forEach((field, k) => field.update(row[k], row));
    const open = state.open.includes(each.id);
    if (open && solution.children.length === 1) solution.append(...solved(each));
    solution.open = open;
  };
  return { element, update };
}

function fold(app, id, open) {
  const { state } = app;
  if (open === state.open.includes(id)) return;
  app.change({ ...state, open: open ? [...state.open, id] : state.open.filter((other) => other !== id) });
}

/** One answer; it is judged when the field is left or Enter is pressed. */
function answerField(app, each, name, k) {
  const id = `answer-${each.id}-${k}`,
    verdict = h("span", { class: "verdict-line", id: `${id}-verdict`, role: "status" });
  const input = h("input", {
    type: "text",
    maxlength: 40,
    id,
    autocomplete: "off",
    "aria-describedby": `${id}-verdict`,
    onchange: () => {
      const typed = [...each.fields.keys()].map((n) =>
        n === k ? input.value.trim().replaceAll(";", ",") : (app.state.answers[each.id]?.[n] ?? ""),
      );
      app.change({ ...app.state, answers: { ...app.state.answers, [each.id]: typed } });
    },
  });
  const update = (text, row) => {
    if (document.activeElement !== input || input.value.trim() !== text) input.value = text;
    const told = text === "" ? { verdict: "", text: "" } : judged(each, k, name, row);
    input.setAttribute("aria-invalid", String(told.verdict === "error"));
    verdict.className = `verdict-line ${told.verdict}`;
    verdict.textContent = told.text;
  };
  return { element: h("div", { class: "answer" }, h("label", { for: id }, name), input, verdict), update };
}

/** The verdict, or what is wrong with the text. */
function judged(each, k, name, row) {
  const typed = row.map((text) => text.replace("−", "-"));
  try {
    readNumber(name, typed[k], [-1e9, 1e9]);
    return diagnose(each, k, typed[k], typed);
  } catch (problem) {
    return { verdict: "error", text: problem.message };
  }
}

/** The weights that an exercise gives. */
function given({ network, params }, id) {
  const named = (name, rows) => h("span", { class: "term" }, `${name} = `, matrix(rows, show));
  const of = ({ weights, biases }, l) => [
    named(`W${subscript(l + 1)}`, weights),
    network.biases && named(`b${subscript(l + 1)}`, [biases]),
  ];
  return [
    h(
      "div",
      { class: "wide given", tabindex: "0", role: "region", "aria-label": `weights of exercise ${id}` },
      params.map(of),
    ),
    h("p", { class: "small" }, "In W, a row is a sending node, a column a receiving one."),
  ];
}

function solved(each) {
  const right = each.answers([]),
    code = each.code(each.task);
  return [
    h(
      "p",
      {},
      each.fields.map((name, k) => [k ? ", " : "", `${name}: `, h("b", {}, show(right[k]))]),
      ".",
    ),
    Object.entries(each.also ?? {}).map(([how, task]) =>
      h(
        "p",
        { class: "small" },
        `${how[0].toUpperCase()}${how.slice(1)}: ${each
          .answers([], task)
          .map((value) => show(value))
          .join(", ")}.`,
      ),
    ),
    each.remember && h("p", { class: "remember" }, each.remember),
    h(
      "div",
      { class: "pair" },
      Object.entries(code).map(([language, lines]) =>
        h(
          "div",
          {},
          h("p", { class: "small" }, language),
          h("pre", { tabindex: "0", "aria-label": `${language} of exercise ${each.id}` }, lines.join("\n")),
        ),
      ),
    ),
  ]
    .flat()
    .filter(Boolean);
}
