// How δ vanishes or explodes from layer to layer: measured in one network, and expected by mean-field theory.
import { ACTIVATIONS, deltas, forward } from "./network.mjs";
import { weightVariance } from "./threefry.mjs";

/** The smallest normal float32 number: anything below is lost on most devices. */
export const FLOOR = 2 ** -126;

/** `depth` hidden layers of equal width and one linear output node, without biases. */
export function deepNetwork(depth, width, activation) {
  return {
    sizes: [...Array(depth + 1).fill(width), 1],
    activations: [...Array(depth).fill(activation), "identity"],
    biases: false,
  };
}

const norm = (row) => {
  const largest = Math.max(...row.map(Math.abs));
  return largest && largest * Math.hypot(...row.map((value) => value / largest));
};

/** |δ| of every hidden layer over |δ| of the output, and the shares of dead and saturated nodes. */
export function flow(network, params) {
  const trace = forward(network, params, Array(network.sizes[0]).fill(1));
  // Any label would do, since only shares of the output's δ matter; this one is never lost in rounding.
  const yHat = trace.activations.at(-1)[0],
    delta = deltas(network, params, trace, [yHat + 1 + Math.abs(yHat)]);
  const layers = trace.netInputs.slice(0, -1);
  const share = (row, l, test) =>
    row.filter((z, j) => test(network.activations[l], z, trace.activations[l + 1][j])).length / row.length;
  return {
    delta: layers.map((_, l) => norm(delta[l]) / norm(delta.at(-1))),
    dead: layers.map((row, l) => share(row, l, isDead)),
    saturated: layers.map((row, l) => share(row, l, isSaturated)),
  };
}

/** Whether the slope is 0 by its formula: ReLU's dead side. */
const isDead = (name, z) => name === "relu" && z <= 0;

/** Whether the slope is 0 only because float32 rounds the activation or has no number so small. */
const isSaturated = (name, z, a) =>
  !isDead(name, z) && Math.fround(ACTIVATIONS[name].derivative(z, Math.fround(a))) === 0;

/**
 * The fate of δ on its way to the first layer in most networks: "nothing" (all nodes of some layer are off),
 * "underflow", "vanishes", "explodes", "narrow" (below what wide networks keep), or "passes".
 */
export function fate(flows, theory) {
  const first = median(flows.map(({ delta }) => delta[0]));
  if (first === 0) return "nothing";
  if (first < FLOOR) return "underflow";
  if (first > 100) return "explodes";
  if (first < 0.01 && theory < 0.01) return "vanishes";
  return first < theory / 3 ? "narrow" : "passes";
}

/** The number of networks in which a whole layer is off, so that it passes no blame. */
export const blocked = (flows) => flows.filter(({ dead }) => dead.includes(1)).length;

/** The middle value, or the upper of the two middle values. */
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Points and weights of Gauss-Legendre on [-1, 1], by Newton's method. */
function legendre(count) {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5)),
      slope = 1;
    for (let round = 0; round < 100; round++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= count; n++)
        [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      slope = (count * (x * value - before)) / (x * x - 1);
      x -= value / slope;
    }
    return [x, 2 / ((1 - x * x) * slope * slope)];
  });
}

/** Points and weights of E f(z), z ~ N(0, 1), on panels that halve towards 0, where kinks are. */
const QUADRATURE = (() => {
  const edges = [0, ...Array.from({ length: 25 }, (_, i) => 14 * 0.5 ** (24 - i))];
  const rule = legendre(20),
    points = [];
  edges.slice(1).forEach((high, i) => {
    const middle = (high + edges[i]) / 2,
      half = (high - edges[i]) / 2;
    for (const [x, weight] of rule) {
      const z = middle + half * x,
        density = (half * weight * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
      points.push([z, density], [-z, density]);
    }
  });
  return points;
})();

/** E φ(√q z)² and E φ'(√q z)². */
export function meanSquares(activation, q) {
  const { value, derivative } = ACTIVATIONS[activation],
    root = Math.sqrt(Math.max(q, 1e-280));
  let square = 0,
    slope = 0;
  for (const [z, weight] of QUADRATURE) {
    const a = value(root * z);
    square += weight * a * a;
    slope += weight * derivative(root * z, a) ** 2;
  }
  return [square, slope];
}

/** √E|δ|² of every hidden layer over that of the output, in a wide network with random weights. */
export function expected(network, scheme) {
  const { sizes, activations } = network,
    factors = [];
  let q = weightVariance(scheme, sizes[0], sizes[1]) * sizes[0];
  for (let l = 0; l < sizes.length - 2; l++) {
    const variance = weightVariance(scheme, sizes[l + 1], sizes[l + 2]);
    const [square, slope] = meanSquares(activations[l], q);
    factors.push(sizes[l + 1] * variance * slope);
    q = sizes[l + 1] * variance * square;
  }
  return factors.map((_, l) => Math.sqrt(factors.slice(l).reduce((a, b) => a * b)));
}
