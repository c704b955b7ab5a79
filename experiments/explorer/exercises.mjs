// The handout's exercises in its order: what is asked, what is right, and which slip gives a wrong answer.
import { step, updated } from "./network.mjs";
import { init } from "./threefry.mjs";
import { SLIPS, sloppyStep } from "./slips.mjs";
import { forwardOutput, presets } from "./state.mjs";
import { nodeName, show, subscript } from "./formulas.mjs";

/** The slips that people make before δ, at δ, and at the changes; what an exercise asks decides which can be. */
const FORWARD = ["no_activation", "relu", "no_bias"];
const OUTPUT = [...FORWARD, "sign", "no_two", "no_output_slope", "slope_of_z"];
const HIDDEN = [...OUTPUT, "no_hidden_slope", "siblings", "as_printed", "updated_weight", "no_weight"];
const CHANGES = ["no_rate", "no_input", "net_for_activation"];

/** A whole exercise: `fields` are labels, `answers(slips, how)` the numbers that a calculation gives. */
function exercise(id, handout, ask, task, fields, take, slips, extra = {}) {
  const answers = (made, how = task) =>
    take(sloppyStep(how.network, how.params, how.x, how.y, how.rate, how.assumed, new Set(made)), how);
  return { id, handout, ask, task, fields, answers, slips, others: {}, ...extra };
}

/** All exercises; `golden` is the walkthrough's data. */
export function exercises(golden) {
  const [assumed, passed, ownAssumed, ownPassed, relu] = Object.values(presets(golden));
  const hidden = passed.x.length && passed.params[1].weights.map((_, j) => nodeName(passed.network, 1, j));
  const closer = { ...assumed, assumed: 0.9 };
  const faster = { ...assumed, rate: 10 * assumed.rate };
  const links = hidden.flatMap((node) => assumed.x.map((_, i) => `x${subscript(i + 1)} → ${node}`));
  const byNode = (weights) => weights[0].flatMap((_, j) => weights.map((row) => row[j]));
  const deep = twoHiddenLayers(passed);
  const rule = `α is ${show(assumed.rate)}, the label ${show(assumed.y[0])}`;
  return [
    exercise("1", "Implement the entire forward pass.", "With the network of scene 1 and no assumption: what are the activations of the hidden nodes and of the output?",
      passed, [...hidden, "o"], (s) => [...s.activations[1], ...s.activations[2]], FORWARD, { code: forwardCode }),
    exercise("2", "Change the value of the output's activation and see how δ changes. What happens as it gets closer to the label?",
      `The label is ${show(closer.y[0])} and the activation ${show(closer.assumed)} in place of ${show(assumed.assumed)}: what is δ of the output?`,
      closer, ["δ of o"], (s) => s.deltas[1], OUTPUT,
      { code: outputDeltaCode, remember: "δ goes to 0 at the label. It also goes to 0 at the other end, where the prediction is completely wrong.",
        others: { [`that is δ at ${show(assumed.assumed)}`]: assumed } }),
    exercise("3", "What is the derivative of the ReLU function? Use it instead of the sigmoid.",
      "With ReLU in the hidden layer, sigmoid at the output, and the forward pass's own output: what is δ of each hidden node?",
      relu, hidden.map((node) => `δ of ${node}`), (s) => s.deltas[0], HIDDEN,
      { code: hiddenDeltaCode, remember: "ReLU′ is 1 where z > 0 and 0 elsewhere. Where a node is off, no blame passes.",
        others: { "that is with the sigmoid in the hidden layer": passed } }),
    exercise("4", "Use the output that you calculated in the first exercise.", `The forward pass gives ${show(forwardOutput(passed), 4)} in place of ${show(assumed.assumed)}: what is δ of the output?`,
      passed, ["δ of o"], (s) => s.deltas[1], OUTPUT,
      { code: outputDeltaCode, others: { [`that is with the assumed ${show(assumed.assumed)}`]: assumed } }),
    exercise("5", "How does the learning rate impact the weight change?",
      `With the assumed ${show(assumed.assumed)} and α = ${show(faster.rate)}, ten times the handout's: what is the change of the weight h₁ → o?`,
      faster, ["h₁ → o"], (s) => s.changes[1][0], [...OUTPUT, ...CHANGES],
      { code: firstChangeCode, remember: "The change is proportional to the learning rate.", news: [faster.params[1].weights[0][0]],
        others: { [`that is with α = ${show(assumed.rate)}`]: assumed } }),
    exercise("6", "Calculate the weight changes for all the weights going from the hidden nodes to the output node.",
      `With the weights ${ownAssumed.params[1].weights.map(([w]) => show(w)).join(", ")} and the assumed ${show(assumed.assumed)}; ${rule}.`,
      ownAssumed, hidden.map((node) => `${node} → o`), (s) => s.changes[1].map(([c]) => c), [...OUTPUT, ...CHANGES],
      { code: outputChangeCode, also: { "with the forward pass's own output": ownPassed }, news: ownAssumed.params[1].weights.map(([w]) => w) }),
    exercise("7", "Calculate the weight changes for all the weights going from the input nodes to the hidden nodes.",
      `With the text's weights ${assumed.params[1].weights.map(([w]) => show(w)).join(", ")} and the assumed ${show(assumed.assumed)}; ${rule}.`,
      assumed, links, (s) => byNode(s.changes[0]), [...HIDDEN, ...CHANGES],
      { code: hiddenChangeCode, also: { "with the forward pass's own output": passed }, news: byNode(assumed.params[0].weights),
        others: { "that is with the exercise's weights": ownAssumed } }),
    { ...exercise("8", "Loop over this, and repeat until the network converges.",
      "Without an assumption, and with α = 1 so that it shows: what is the output after one update of all weights?",
      { ...passed, rate: 1 }, ["ŷ"], (s, how) => afterUpdate(s, how), HIDDEN, { code: loopCode }), first: forwardOutput(passed) },
    exercise("9", "Implement your own network, with 1 or 2 hidden layers.",
      `Take ${deep.network.sizes.join("-")}, all sigmoid, with the weights and biases of seed 0 rounded to one decimal and the handout's row: what is δ of each node of the first hidden layer?`,
      deep, [0, 1].map((j) => `δ of node ${j + 1}`), (s) => s.deltas[0], HIDDEN, { code: deepCode, table: deep.params }),
  ];
}

/** A network with two hidden layers, its weights few and short enough to be typed. */
function twoHiddenLayers(passed) {
  const network = { sizes: [passed.x.length, 2, 2, 1], activations: ["sigmoid", "sigmoid", "sigmoid"], biases: true };
  const rounded = (row) => row.map((value) => Math.round(10 * value) / 10);
  const params = init(network, 0, "normal", "normal").map((layer) => ({ weights: layer.weights.map(rounded), biases: rounded(layer.biases) }));
  return { ...passed, network, params };
}

/** The output after the changes that were found have been added. */
function afterUpdate(sloppy, how) {
  const change = sloppy.changes.map((weights, l) => ({ weights, biases: how.params[l].biases.map(() => 0) }));
  return step(how.network, updated(how.params, change), how.x, how.y, how.rate).activations.at(-1);
}

/**
 * Whether a typed number is the one expected: rounded at its last digit, cut off there if it has three digits or
 * more, or within 5 parts in 10,000.
 */
export function matches(text, expected) {
  const decimals = /\.(\d*)/.exec(text)?.[1].length ?? 0, exponent = Number(/e([+-]?\d+)$/i.exec(text)?.[1] ?? 0);
  const unit = 10 ** (exponent - decimals), off = Math.abs(Number(text) - expected);
  return off <= (significant(text) < 3 ? 0.501 : 1) * unit || off <= 5e-4 * Math.abs(expected);
}

/** The number of significant digits of a typed number. */
const significant = (text) => text.replace(/e.*/i, "").replace(/^[+-]?0*\.?0*/, "").replace(/\D/g, "").length;

/** What is to be said about field `k` of an exercise: {verdict: "right" | "slip" | "wrong" | "short", text}. */
export function diagnose(each, k, text) {
  const right = each.answers([])[k];
  if (Number(text) !== 0 && significant(text) < 2 && !Number.isInteger(right)) return { verdict: "short", text: "Type at least two significant digits." };
  if (matches(text, right)) return { verdict: "right", text: "Right." };
  for (const [how, task] of Object.entries(each.also ?? {})) {
    if (matches(text, each.answers([], task)[k])) return { verdict: "right", text: `Right, ${how}.` };
  }
  return slipped(each, k, text, right) ?? { verdict: "wrong", text: "Not this number, and none of the usual slips gives it." };
}

/** The first explanation that gives the number: one slip, another task, another node, the new weight, two slips. */
function slipped(each, k, text, right) {
  const tasks = [each.task, ...Object.values(each.also ?? {})];
  const gives = (made) => tasks.some((task) => matches(text, each.answers(made, task)[k])) && !matches(text, right);
  const say = (names) => ({ verdict: "slip", slips: names, text: `Not quite: ${names.map((name) => SLIPS[name]).join("; and ")}.` });
  const single = each.slips.find((name) => gives([name]));
  if (single) return say([single]);
  const other = Object.entries(each.others).find(([, task]) => matches(text, each.answers([], task)[k]));
  if (other) return { verdict: "slip", slips: [], text: `Not quite: ${other[0]}.` };
  if (each.first !== undefined && matches(text, each.first)) return { verdict: "slip", slips: [], text: "Not quite: that is the output before the update." };
  if (each.news && matches(text, each.news[k] + right)) return { verdict: "slip", slips: [], text: "Not quite: that is the new weight; its change is asked for." };
  const at = each.answers([]).findIndex((value, i) => i !== k && matches(text, value));
  if (at >= 0) return { verdict: "slip", slips: [], text: `Not quite: that is the answer for ${each.fields[at]}.` };
  const pair = pairs(each.slips).find(gives);
  return pair ? say(pair) : null;
}

const pairs = (names) => names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]));

const r = (values) => `c(${values.join(", ")})`;
const py = (values) => `[${values.map((v) => (Array.isArray(v) ? py(v) : v)).join(", ")}]`;
const rMatrix = (rows) => `matrix(${r(rows.flat())}, nrow = ${rows.length}, byrow = TRUE)`;

/** The same lines for all solutions: the network's numbers and its forward pass. */
function preface(task) {
  const { x, params, network } = task, relu = network.activations[0] === "relu";
  const f = { R: relu ? "function(z) pmax(0, z)" : "function(z) 1 / (1 + exp(-z))", Python: relu ? "lambda z: np.maximum(0, z)" : "lambda z: 1 / (1 + np.exp(-z))" };
  return {
    R: [`x <- ${r(x)}`, ...params.map(({ weights }, l) => `W${l + 1} <- ${rMatrix(weights)}`), `f <- ${f.R}`, "sigmoid <- function(z) 1 / (1 + exp(-z))",
      "h <- f(as.vector(x %*% W1))", task.assumed === null ? "o <- sigmoid(sum(h * W2))" : `o <- ${task.assumed}`],
    Python: ["import numpy as np", `x = np.array(${py(x)})`, ...params.map(({ weights }, l) => `W${l + 1} = np.array(${py(weights)})`), `f = ${f.Python}`,
      "sigmoid = lambda z: 1 / (1 + np.exp(-z))", "h = f(x @ W1)", task.assumed === null ? "o = sigmoid(h @ W2)[0]" : `o = ${task.assumed}`],
  };
}

const added = (task, R, Python) => ({ R: [...preface(task).R, ...R], Python: [...preface(task).Python, ...Python] });
const outputDelta = (task) => `2 * (${task.y[0]} - o) * o * (1 - o)`;
const slope = (task) => (task.network.activations[0] === "relu" ? ["(x %*% W1 > 0)", "(x @ W1 > 0)"] : ["h * (1 - h)", "h * (1 - h)"]);

function forwardCode(task) {
  return added(task, ["c(h, o)"], ["print(h, o)"]);
}

function outputDeltaCode(task) {
  return added(task, [`(delta_o <- ${outputDelta(task)})`], [`delta_o = ${outputDelta(task)}`, "print(delta_o)"]);
}

function outputChangeCode(task) {
  return added(task, [`delta_o <- ${outputDelta(task)}`, `${task.rate} * delta_o * h`],
    [`delta_o = ${outputDelta(task)}`, `print(${task.rate} * delta_o * h)`]);
}

function firstChangeCode(task) {
  return added(task, [`delta_o <- ${outputDelta(task)}`, `${task.rate} * delta_o * h[1]`],
    [`delta_o = ${outputDelta(task)}`, `print(${task.rate} * delta_o * h[0])`]);
}

function hiddenDeltaCode(task) {
  const [inR, inPython] = slope(task);
  return added(task, [`delta_o <- ${outputDelta(task)}`, `(delta_h <- as.vector(delta_o * W2) * ${inR})`],
    [`delta_o = ${outputDelta(task)}`, `delta_h = delta_o * W2[:, 0] * ${inPython}`, "print(delta_h)"]);
}

function hiddenChangeCode(task) {
  return added(task, [`delta_o <- ${outputDelta(task)}`, "delta_h <- as.vector(delta_o * W2) * h * (1 - h)", `${task.rate} * x %o% delta_h`],
    [`delta_o = ${outputDelta(task)}`, "delta_h = delta_o * W2[:, 0] * h * (1 - h)", `print(${task.rate} * np.outer(x, delta_h))`]);
}

function loopCode(task) {
  return added(task, [`delta_o <- ${outputDelta(task)}`, "delta_h <- as.vector(delta_o * W2) * h * (1 - h)",
    `W1 <- W1 + ${task.rate} * x %o% delta_h`, `W2 <- W2 + ${task.rate} * delta_o * h`, "sigmoid(sum(f(as.vector(x %*% W1)) * W2))"],
  [`delta_o = ${outputDelta(task)}`, "delta_h = delta_o * W2[:, 0] * h * (1 - h)",
    `W1 = W1 + ${task.rate} * np.outer(x, delta_h)`, `W2 = W2 + ${task.rate} * delta_o * h[:, None]`, "print(sigmoid(f(x @ W1) @ W2))"]);
}

function deepCode(task) {
  const { x, y, params } = task;
  return {
    R: [`a <- list(t(${r(x)}))`, `W <- list(${params.map(({ weights }) => rMatrix(weights)).join(", ")})`,
      `b <- list(${params.map(({ biases }) => r(biases)).join(", ")})`,
      "for (l in 1:3) a[[l + 1]] <- 1 / (1 + exp(-a[[l]] %*% W[[l]] - b[[l]]))", `delta <- 2 * (${y[0]} - a[[4]]) * a[[4]] * (1 - a[[4]])`,
      "for (l in 3:2) delta <- (delta %*% t(W[[l]])) * a[[l]] * (1 - a[[l]])", "delta"],
    Python: ["import numpy as np", `a, W = [np.array(${py(x)})], [np.array(w) for w in ${py(params.map(({ weights }) => weights))}]`,
      `b = [np.array(row) for row in ${py(params.map(({ biases }) => biases))}]`,
      "for l in range(3): a.append(1 / (1 + np.exp(-a[l] @ W[l] - b[l])))", `delta = 2 * (${y[0]} - a[3]) * a[3] * (1 - a[3])`,
      "for l in (2, 1): delta = W[l] @ delta * a[l] * (1 - a[l])", "print(delta)"],
  };
}

