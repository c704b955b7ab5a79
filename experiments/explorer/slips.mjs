// What people get wrong in one step of backpropagation, as variants of the calculation.
import { activationOf, range, sigmoid, sum } from "./network.mjs";

/**
 * name -> a description for the person who made the slip. If several give the same number, the first is named:
 * the most common ones come before the far-fetched ones.
 */
export const SLIPS = {
  sign: "the sign: it is label minus prediction, y − ŷ",
  no_two: "the factor 2 of the derivative of (y − ŷ)² is missing",
  no_output_slope: "f′ of the output was forgotten: δ of the output is 2(y − ŷ) · f′",
  only_slope: "2(y − ŷ) was forgotten: δ of the output is 2(y − ŷ) · f′",
  output_a_for_slope: "f′ of the output is a(1 − a); here it was a alone, or y − ŷ is missing",
  no_hidden_slope: "f′ of the hidden node was forgotten",
  no_first_slope: "f′ of the first hidden layer was forgotten",
  no_second_slope: "f′ of the second hidden layer was forgotten",
  no_weight: "the weight between the nodes was left out: δ of the hidden node needs δₒ · w",
  output_delta: "δ of the output was used as it is: δ of the hidden node is δₒ · w · f′",
  siblings: "summed over the sibling nodes, as the handout does: a hidden node has only its own links",
  as_printed:
    "that is the handout's printed rule: summed over the sibling nodes, with h₁'s weight already updated",
  updated_weight: "the updated weight was used: blame flows back through the weights of the forward pass",
  no_rate: "the learning rate was forgotten",
  no_input: "the activation of the sending node was left out: a change is α · δ · a",
  weight_for_activation: "the weight was used where the sending node's activation belongs: a change is α · δ · a",
  times_weight: "the weight does not belong here: a change is α · δ · a",
  net_for_activation: "the net input of the sending node was used where its activation belongs",
  only_output_updated: "only the weights into the output were updated",
  only_hidden_updated: "only the weights into the hidden nodes were updated",
  slope_of_z: "f′ was computed from the net input: σ′ is a(1 − a), with the activation a",
  sigmoid_slope: "the sigmoid's derivative was kept: ReLU′ is 1 where z > 0 and 0 elsewhere",
  sigmoid_formula: "a(1 − a) is the sigmoid's derivative: ReLU′ is 1 where z > 0 and 0 elsewhere",
  hidden_a_for_slope: "the activation of the hidden node was used where its derivative f′ belongs",
  no_activation: "the activation function was left out: the net input was passed on as it is",
  no_output_activation: "the output's activation function was left out: this is its net input",
  no_bias: "the biases were left out",
  relu: "ReLU was used in place of the activation function",
  transposed: "a weight matrix was read the other way round: its rows are the sending nodes",
  transposed_blame:
    "a weight matrix was read the other way round in the backward pass: a node's blame comes along its own row",
};

/** z and a, with what may go wrong in the forward pass. */
function sloppyForward(network, params, x, assumed, slips) {
  const trace = { netInputs: [], activations: [x] };
  params.forEach((layer, l) => {
    const below = trace.activations[l];
    const z = layer.biases.map(
      (bias, j) =>
        sum(below.map((a, i) => a * weightOf(layer, i, j, slips.has("transposed")))) +
        (network.biases && !slips.has("no_bias") ? bias : 0),
    );
    trace.netInputs.push(z);
    trace.activations.push(z.map((value, j) => activated(network, l, j, value, slips)));
  });
  if (assumed !== null) {
    trace.netInputs[params.length - 1] = [Math.log(assumed) - Math.log1p(-assumed)];
    trace.activations[params.length] = [assumed];
  }
  return trace;
}

/** wᵢⱼ, or wⱼᵢ of a square matrix that is read the other way round. */
function weightOf({ weights }, i, j, isTransposed) {
  return isTransposed && weights.length === weights[0].length ? weights[j][i] : weights[i][j];
}

function activated(network, l, j, z, slips) {
  const isOutput = l === network.sizes.length - 2;
  if (slips.has("no_activation") || (isOutput && slips.has("no_output_activation"))) return z;
  return slips.has("relu") ? Math.max(0, z) : activationOf(network, l, j).value(z);
}

/** f', or what is mistaken for it: z(1 - z) if the net input is taken for the activation. */
function sloppySlope(network, trace, l, j, slips) {
  const z = trace.netInputs[l][j],
    a = trace.activations[l + 1][j];
  const isOutput = l === trace.netInputs.length - 1;
  const taken = isOutput ? takenAtOutput(a, slips) : takenAtHidden(z, a, l, slips);
  return taken ?? activationOf(network, l, j).derivative(z, slips.has("slope_of_z") ? z : a);
}

function takenAtOutput(a, slips) {
  if (slips.has("no_output_slope")) return 1;
  return slips.has("output_a_for_slope") ? a : null;
}

function takenAtHidden(z, a, l, slips) {
  const forgotten = ["no_hidden_slope", ["no_first_slope", "no_second_slope"][l]];
  if (forgotten.some((name) => slips.has(name))) return 1;
  if (slips.has("hidden_a_for_slope")) return a;
  if (slips.has("sigmoid_slope")) return sigmoid(z) * sigmoid(-z);
  if (slips.has("sigmoid_formula")) return a * (1 - a);
  return slips.has("relu") ? Number(z > 0) : null;
}

/** The blame that reaches node i from the nodes above. */
function sloppyBlame(params, delta, i, slips) {
  const senders = slips.has("siblings") || slips.has("as_printed") ? range(params.weights.length) : [i];
  const isTransposed = slips.has("transposed") || slips.has("transposed_blame");
  const through = (k, j) => (slips.has("no_weight") ? 1 : weightOf(params, k, j, isTransposed));
  return sum(senders.map((k) => sum(delta.map((d, j) => through(k, j) * d))));
}

function sloppyOutputDelta(network, trace, y, slips) {
  const last = trace.netInputs.length - 1;
  const factor = (slips.has("no_two") ? 1 : 2) * (slips.has("sign") ? -1 : 1);
  return trace.activations[last + 1].map(
    (a, j) =>
      (slips.has("only_slope") ? 1 : factor * (y[j] - a)) * sloppySlope(network, trace, last, j, slips),
  );
}

function sloppyHiddenDelta(network, trace, l, through, above, slips) {
  if (slips.has("output_delta")) return trace.netInputs[l].map(() => sum(above));
  return trace.netInputs[l].map(
    (_, i) => sloppyBlame(through, above, i, slips) * sloppySlope(network, trace, l, i, slips),
  );
}

function sloppyChange(trace, { weights }, l, delta, rate, slips) {
  const isLast = l === trace.netInputs.length - 1;
  if (slips.has(isLast ? "only_hidden_updated" : "only_output_updated"))
    return weights.map((row) => row.map(() => 0));
  const alpha = slips.has("no_rate") ? 1 : rate;
  const sent = (a, i, j) => {
    if (slips.has("no_input")) return 1;
    if (slips.has("weight_for_activation")) return weights[i][j];
    const factor = slips.has("times_weight") ? weights[i][j] : 1;
    return factor * (slips.has("net_for_activation") && l > 0 ? trace.netInputs[l - 1][i] : a);
  };
  return trace.activations[l].map((a, i) => delta.map((d, j) => alpha * sent(a, i, j) * d));
}

/** One update with a set of slips in it; without any it is `step` of network.mjs. */
export function sloppyStep(network, params, x, y, rate, assumed, slips) {
  const trace = sloppyForward(network, params, x, assumed, slips),
    last = params.length - 1;
  const delta = Array(params.length),
    change = Array(params.length);
  let through = null;
  for (let l = last; l >= 0; l--) {
    delta[l] =
      l === last
        ? sloppyOutputDelta(network, trace, y, slips)
        : sloppyHiddenDelta(network, trace, l, through, delta[l + 1], slips);
    change[l] = sloppyChange(trace, params[l], l, delta[l], rate, slips);
    through = moved(params[l], change[l], slips);
  }
  return { ...trace, deltas: delta, changes: change };
}

/** The weights through which blame flows back: the handout updates the first of them before it uses them all. */
function moved(layer, change, slips) {
  const isUpdated = (i) => slips.has("updated_weight") || (slips.has("as_printed") && i === 0);
  return { weights: layer.weights.map((row, i) => row.map((w, j) => (isUpdated(i) ? w + change[i][j] : w))) };
}
