// The handout's exercises in order: the questions, the right answers, and the slips that can be made.
import { step, updated } from "./network.mjs";
import { init } from "./threefry.mjs";
import { sloppyStep } from "./slips.mjs";
import {
  deepCode,
  firstChangeCode,
  forwardCode,
  hiddenChangeCode,
  hiddenDeltaCode,
  loopCode,
  outputChangeCode,
  outputDeltaCode,
} from "./solutions.mjs";
import { forwardOutput, presets } from "./state.mjs";
import { nodeName, show, subscript } from "./formulas.mjs";

/** The slips that people make before δ, at δ, and at the changes; they depend on what an exercise asks. */
const FORWARD = ["no_activation", "no_output_activation", "relu", "no_bias"];
const OUTPUT = [
  ...FORWARD,
  ...["sign", "no_two", "no_output_slope", "only_slope", "output_a_for_slope", "slope_of_z"],
];
const HIDDEN = [
  ...OUTPUT,
  ...["no_hidden_slope", "hidden_a_for_slope", "siblings", "as_printed", "updated_weight", "no_weight"],
  "output_delta",
];
const CHANGES = ["no_rate", "no_input", "net_for_activation", "weight_for_activation", "times_weight"];
const OF_RELU = ["sigmoid_slope", "sigmoid_formula"];
const DEEP_SLIPS = ["no_first_slope", "no_second_slope", "transposed", "transposed_blame"];
const PARTIAL = ["only_output_updated", "only_hidden_updated"];

/** One exercise: `fields` are labels, `answers(slips, how)` the numbers that a calculation gives. */
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
  const faster = { ...assumed, rate: 10 * assumed.rate },
    slower = { ...assumed, rate: assumed.rate / 10 };
  const withAssumed = `that is with the assumed ${show(assumed.assumed)}`,
    withOwn = "that is with the exercise's weights";
  const links = hidden.flatMap((node) => assumed.x.map((_, i) => `x${subscript(i + 1)} → ${node}`));
  const byNode = (weights) => weights[0].flatMap((_, j) => weights.map((row) => row[j]));
  const deep = twoHiddenLayers(passed);
  const rule = `α is ${show(assumed.rate)}, the label ${show(assumed.y[0])}`;
  return [
    exercise(
      "1",
      "Implement the entire forward pass.",
      `With the inputs ${passed.x.map((value) => show(value)).join(", ")} and these weights: what are the activations of the hidden nodes and of the output?`,
      passed,
      [...hidden, "o"],
      (s) => [...s.activations[1], ...s.activations[2]],
      FORWARD,
      {
        code: forwardCode,
        table: passed,
        others: { [withAssumed]: assumed, [withOwn]: ownPassed },
      },
    ),
    exercise(
      "2",
      "Change the value of the output's activation and see how δ changes. What happens as it gets closer to the label?",
      `The label is ${show(closer.y[0])} and the activation ${show(closer.assumed)} in place of ${show(assumed.assumed)}: what is δ of the output?`,
      closer,
      ["δ of o"],
      (s) => s.deltas[1],
      OUTPUT,
      {
        code: outputDeltaCode,
        remember:
          "δ goes to 0 at the label. It also goes to 0 at the other end, where the prediction is completely wrong.",
        others: { [`that is δ at ${show(assumed.assumed)}`]: assumed },
      },
    ),
    exercise(
      "3",
      "What is the derivative of the ReLU function? Use it instead of the sigmoid.",
      "With ReLU in the hidden layer, sigmoid at the output, and the forward pass's own output: what is δ of each hidden node?",
      relu,
      hidden.map((node) => `δ of ${node}`),
      (s) => s.deltas[0],
      [...HIDDEN, ...OF_RELU],
      {
        code: hiddenDeltaCode,
        remember: "ReLU′ is 1 where z > 0 and 0 elsewhere. A node that is off passes no blame.",
        others: {
          "that is with the sigmoid in the hidden layer": passed,
          [withAssumed]: { ...relu, assumed: assumed.assumed },
        },
      },
    ),
    exercise(
      "4",
      "Use the output that you calculated in the first exercise.",
      `The forward pass gives ${show(forwardOutput(passed), 4)} in place of ${show(assumed.assumed)}: what is δ of the output?`,
      passed,
      ["δ of o"],
      (s) => s.deltas[1],
      OUTPUT,
      { code: outputDeltaCode, others: { [withAssumed]: assumed, [withOwn]: ownPassed } },
    ),
    exercise(
      "5",
      "How does the learning rate impact the weight change?",
      `With the assumed ${show(assumed.assumed)} and α = ${show(faster.rate)}, ten times the handout's: what is the change of the weight h₁ → o?`,
      faster,
      ["h₁ → o"],
      (s) => s.changes[1][0],
      [...OUTPUT, ...CHANGES],
      {
        code: firstChangeCode,
        remember: "The change is proportional to the learning rate.",
        news: [faster.params[1].weights[0][0]],
        others: {
          [`that is with α = ${show(assumed.rate)}`]: assumed,
          [`that is with α = ${show(slower.rate)}, a tenth of the handout's`]: slower,
        },
      },
    ),
    exercise(
      "6",
      "Calculate the weight changes for all the weights going from the hidden nodes to the output node.",
      `With the weights ${ownAssumed.params[1].weights.map(([w]) => show(w)).join(", ")} and the assumed ${show(assumed.assumed)}; ${rule}.`,
      ownAssumed,
      hidden.map((node) => `${node} → o`),
      (s) => s.changes[1].map(([c]) => c),
      [...OUTPUT, ...CHANGES],
      {
        code: outputChangeCode,
        also: { "with the forward pass's own output": ownPassed },
        news: ownAssumed.params[1].weights.map(([w]) => w),
      },
    ),
    exercise(
      "7",
      "Calculate the weight changes for all the weights going from the input nodes to the hidden nodes.",
      `With the text's weights ${assumed.params[1].weights.map(([w]) => show(w)).join(", ")} and the assumed ${show(assumed.assumed)}; ${rule}.`,
      assumed,
      links,
      (s) => byNode(s.changes[0]),
      [...HIDDEN, ...CHANGES],
      {
        code: hiddenChangeCode,
        perNode: assumed.x.length,
        also: { "with the forward pass's own output": passed },
        news: byNode(assumed.params[0].weights),
        others: { [withOwn]: ownAssumed },
      },
    ),
    exercise(
      "8",
      "Loop over this, and repeat until the network converges.",
      "Without an assumption, and with α = 1 so that the change is visible: what is the output after one update of all weights?",
      { ...passed, rate: 1 },
      ["ŷ"],
      (s, how) => afterUpdate(s, how),
      [...HIDDEN, ...PARTIAL],
      {
        code: loopCode,
        stated: { "that is the output before the update": [forwardOutput(passed)] },
        others: {
          [`that is with α = ${show(passed.rate)}`]: passed,
          [withAssumed]: { ...assumed, rate: 1 },
        },
      },
    ),
    exercise(
      "9",
      "Implement your own network, with 1 or 2 hidden layers.",
      `Take ${deep.network.sizes.join("-")}, all sigmoid, with these weights and biases, the inputs ${deep.x.map((value) => show(value)).join(", ")} and the label ${show(deep.y[0])}: what is δ of each node of the first hidden layer?`,
      deep,
      [0, 1].map((j) => `δ of node ${j + 1}`),
      (s) => s.deltas[0],
      [...HIDDEN, ...DEEP_SLIPS],
      {
        code: deepCode,
        table: deep,
        stated: { "that is δ of the second hidden layer": secondDeltas(deep) },
      },
    ),
  ];
}

/** A network with two hidden layers, whose weights are few and short enough to type. */
function twoHiddenLayers(passed) {
  const network = {
    sizes: [passed.x.length, 2, 2, 1],
    activations: ["sigmoid", "sigmoid", "sigmoid"],
    biases: true,
  };
  const rounded = (row) => row.map((value) => Math.round(10 * value) / 10);
  const params = init(network, 0, "normal", "normal").map((layer) => ({
    weights: layer.weights.map(rounded),
    biases: rounded(layer.biases),
  }));
  return { ...passed, network, params };
}

/** δ of the second hidden layer's nodes. */
function secondDeltas({ network, params, x, y, rate }) {
  return step(network, params, x, y, rate).deltas[1];
}

/** The output after the computed changes have been added. */
function afterUpdate(sloppy, how) {
  const change = sloppy.changes.map((weights, l) => ({ weights, biases: how.params[l].biases.map(() => 0) }));
  return step(how.network, updated(how.params, change), how.x, how.y, how.rate).activations.at(-1);
}
