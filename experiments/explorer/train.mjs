// XOR from many seeds: sigmoid networks 2-h-1, gradient descent on all four rows, as one flat loop.
import { forward } from "./network.mjs";
import { init } from "./threefry.mjs";

export const XOR = {
  xs: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  ys: [[0], [1], [1], [0]],
};
/** Levels at which XOR's loss can end: Σ n p (1 - p) over rows that share an output. The first three occur. */
export const LEVELS = [0, 1 / 2, 2 / 3];
const WIDTH = 0.02;
export const ON_THE_WAY = -1;

/** The 2-h-1 network that the seeds train. */
export function xorNetwork(width) {
  return { sizes: [2, width, 1], activations: ["sigmoid", "sigmoid"], biases: true };
}

/** Index of the level within 0.02 of a loss, or ON_THE_WAY. */
export function levelOf(loss) {
  return LEVELS.findIndex((level) => Math.abs(loss - level) <= WIDTH);
}

/** One flat row of a network's parameters: weights and bias of each hidden node, then the output's. */
export function flat(params) {
  const [hidden, output] = params;
  const nodes = hidden.biases.map((b, j) => [
    hidden.weights[0][j],
    hidden.weights[1][j],
    b,
    output.weights[j][0],
  ]);
  return Float64Array.from([...nodes.flat(), output.biases[0]]);
}

/** The parameters that a flat row stands for. */
export function unflat(row) {
  const nodes = Array.from({ length: (row.length - 1) / 4 }, (_, j) => row.subarray(4 * j, 4 * j + 4));
  return [
    { weights: [0, 1].map((i) => nodes.map((node) => node[i])), biases: nodes.map((node) => node[2]) },
    { weights: nodes.map((node) => [node[3]]), biases: [row.at(-1)] },
  ];
}

/** A seed's start: N(0, 1) weights and biases. */
export function start(width, seed) {
  return flat(init(xorNetwork(width), seed, "normal", "normal"));
}

const logistic = (z) => 1 / (1 + Math.exp(-z));

/** SSE of a flat row over XOR's four rows. */
export function xorLoss(row) {
  let loss = 0;
  for (let n = 0; n < 4; n++) {
    let z = row[row.length - 1];
    for (let k = 0; k + 4 < row.length; k += 4) {
      z += row[k + 3] * logistic(row[k] * XOR.xs[n][0] + row[k + 1] * XOR.xs[n][1] + row[k + 2]);
    }
    loss += (XOR.ys[n][0] - logistic(z)) ** 2;
  }
  return loss;
}

/** Index of the row of XOR that a flat row of parameters is farthest from. */
export function worstRow(row) {
  const params = unflat(row),
    network = xorNetwork((row.length - 1) / 4);
  const errors = XOR.xs.map((x, n) => Math.abs(XOR.ys[n][0] - forward(network, params, x).activations[2][0]));
  return errors.indexOf(Math.max(...errors));
}

/** `steps` updates of a flat row in place: w + α Σₙ δ·a. */
export function descend(row, steps, rate) {
  const last = row.length - 1,
    width = last / 4;
  const a = new Float64Array(width),
    change = new Float64Array(row.length);
  for (let done = 0; done < steps; done++) {
    change.fill(0);
    for (let n = 0; n < 4; n++) addChange(row, change, a, XOR.xs[n][0], XOR.xs[n][1], XOR.ys[n][0]);
    for (let k = 0; k <= last; k++) row[k] += rate * change[k];
  }
  return row;
}

/** Add δ·a of one example to `change`. */
function addChange(row, change, a, x0, x1, y) {
  const last = row.length - 1;
  let z = row[last];
  for (let k = 0, j = 0; k < last; k += 4, j++) {
    a[j] = logistic(row[k] * x0 + row[k + 1] * x1 + row[k + 2]);
    z += row[k + 3] * a[j];
  }
  const yHat = logistic(z),
    delta = 2 * (y - yHat) * yHat * (1 - yHat);
  for (let k = 0, j = 0; k < last; k += 4, j++) {
    const hidden = delta * row[k + 3] * a[j] * (1 - a[j]);
    change[k] += hidden * x0;
    change[k + 1] += hidden * x1;
    change[k + 2] += hidden;
    change[k + 3] += delta * a[j];
  }
  change[last] += delta;
}

/** Numbers of updates after which a path is recorded: close together at first, where most happens. */
export function marks(steps, count = 80) {
  const all = Array.from({ length: count }, (_, i) => Math.round((steps + 1) ** (i / (count - 1))) - 1);
  return [...new Set([0, ...all, steps])];
}

/** One seed's path: parameters and loss at each of `marks(steps)`. */
export function path(width, seed, rate, steps) {
  const row = start(width, seed),
    at = marks(steps);
  const points = at.map((mark, i) => Float64Array.from(descend(row, mark - (at[i - 1] ?? 0), rate)));
  return { points, losses: points.map(xorLoss) };
}
