// What people get wrong in one step of backpropagation, as variants of the calculation that can be computed.
import { activationOf, range, sum } from "./network.mjs";

/** name -> what it is, said to the person who made it. */
export const SLIPS = {
  no_activation: "the activation function was left out: the net input was passed on as it is",
  no_bias: "the biases were left out",
  relu: "ReLU was used in place of the activation function",
  sign: "the sign: it is label minus prediction, y − ŷ",
  no_two: "the factor 2 of the derivative of (y − ŷ)² is missing",
  no_output_slope: "f′ of the output was forgotten: δ of the output is 2(y − ŷ) · f′",
  no_hidden_slope: "f′ of the hidden node was forgotten",
  slope_of_z: "f′ was computed from the net input: σ′ is a(1 − a), with the activation a",
  siblings: "summed over the sibling nodes, as the handout does: a hidden node has its own links only",
  as_printed:
    "that is the handout's printed rule: summed over the sibling nodes, with h₁'s weight already updated",
  updated_weight: "the updated weight was used: blame flows back through the weights of the forward pass",
  no_weight: "the weight between the nodes was left out: δ of the hidden node needs δₒ · w",
  no_rate: "the learning rate was forgotten",
  no_input: "the activation of the sending node was left out: a change is α · δ · a",
  net_for_activation: "the net input of the sending node was used where its activation belongs",
};

/** z and a, with what may go wrong on the way up. */
function sloppyForward(network, params, x, assumed, slips) {
  const trace = { netInputs: [], activations: [x] };
  params.forEach((layer, l) => {
    const below = trace.activations[l];
    const z = layer.biases.map(
      (bias, j) =>
        sum(below.map((a, i) => a * layer.weights[i][j])) +
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

function activated(network, l, j, z, slips) {
  if (slips.has("no_activation")) return z;
  return slips.has("relu") ? Math.max(0, z) : activationOf(network, l, j).value(z);
}

/** f', or what is taken for it: z(1 - z) where the net input stands in for the activation. */
function sloppySlope(network, trace, l, j, slips) {
  const isOutput = l === trace.netInputs.length - 1;
  if (slips.has(isOutput ? "no_output_slope" : "no_hidden_slope")) return 1;
  const z = trace.netInputs[l][j],
    a = trace.activations[l + 1][j];
  if (slips.has("relu") && !isOutput) return z > 0 ? 1 : 0;
  return activationOf(network, l, j).derivative(z, slips.has("slope_of_z") ? z : a);
}

/** Blame that reaches node i of layer l from the nodes above. */
function sloppyBlame(params, delta, i, slips) {
  const senders = slips.has("siblings") || slips.has("as_printed") ? range(params.weights.length) : [i];
  return sum(
    senders.map((k) => sum(params.weights[k].map((w, j) => (slips.has("no_weight") ? 1 : w) * delta[j]))),
  );
}

function sloppyOutputDelta(network, trace, y, slips) {
  const last = trace.netInputs.length - 1;
  const factor = (slips.has("no_two") ? 1 : 2) * (slips.has("sign") ? -1 : 1);
  return trace.activations[last + 1].map(
    (a, j) => factor * (y[j] - a) * sloppySlope(network, trace, last, j, slips),
  );
}

function sloppyChange(trace, l, delta, rate, slips) {
  const alpha = slips.has("no_rate") ? 1 : rate;
  const sent = (a, i) => {
    if (slips.has("no_input")) return 1;
    return slips.has("net_for_activation") && l > 0 ? trace.netInputs[l - 1][i] : a;
  };
  return trace.activations[l].map((a, i) => delta.map((d) => alpha * sent(a, i) * d));
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
        : trace.netInputs[l].map(
            (_, i) => sloppyBlame(through, delta[l + 1], i, slips) * sloppySlope(network, trace, l, i, slips),
          );
    change[l] = sloppyChange(trace, l, delta[l], rate, slips);
    through = moved(params[l], change[l], slips);
  }
  return { ...trace, deltas: delta, changes: change };
}

/** The weights that blame flows back through: the handout updates its first one before it uses them all. */
function moved(layer, change, slips) {
  const isUpdated = (i) => slips.has("updated_weight") || (slips.has("as_printed") && i === 0);
  return { weights: layer.weights.map((row, i) => row.map((w, j) => (isUpdated(i) ? w + change[i][j] : w))) };
}
