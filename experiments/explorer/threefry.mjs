// Random numbers as JAX draws them: key(seed), fold_in, uniform and normal of float32, threefry2x32.
// Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; Giles 2012 for the inverse error function.

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
];
const PARITY = 0x1bd11bda;

/** Encrypt two words under a key of two words: 20 rounds of add, rotate and exclusive or. */
export function threefry(key, first, second) {
  const ks = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
  let a = (first + ks[0]) | 0,
    b = (second + ks[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (const rotation of ROTATIONS[group % 2]) {
      a = (a + b) | 0;
      b = ((b << rotation) | (b >>> (32 - rotation))) ^ a;
    }
    a = (a + ks[(group + 1) % 3]) | 0;
    b = (b + ks[(group + 2) % 3] + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** The key of a seed below 2³². */
export function keyOf(seed) {
  return [0, seed >>> 0];
}

/** jax.random.fold_in(key, data). */
export function foldIn(key, data) {
  return threefry(key, 0, data);
}

/** `count` words of 32 bits; word i depends only on the key and on i. */
export function randomBits(key, count) {
  return Uint32Array.from({ length: count }, (_, i) => {
    const [a, b] = threefry(key, 0, i);
    return a ^ b;
  });
}

/** jax.random.uniform(key, (count,), float32, low, high): 23 random bits behind the point. */
export function uniform(key, count, low = 0, high = 1) {
  const least = Math.fround(low),
    width = Math.fround(Math.fround(high) - least);
  return Float32Array.from(randomBits(key, count), (bits) =>
    Math.max(least, Math.fround(Math.fround((bits >>> 9) * 2 ** -23 * width) + least)),
  );
}

const CENTRE = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164,
  0.246640727, 1.50140941,
];
const TAIL = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
  1.00167406, 2.83297682,
];

/** erf⁻¹(x) of a float32; x² is rounded as in JAX, since near 1 its last digit decides many of the result's digits. */
export function inverseErf(x) {
  const w = -Math.log1p(-Math.fround(x * x));
  const [coefficients, t] = w < 5 ? [CENTRE, w - 2.5] : [TAIL, Math.sqrt(w) - 3];
  return x * coefficients.reduce((sum, c) => sum * t + c);
}

const ABOVE_MINUS_ONE = -1 + 2 ** -24;

/** jax.random.normal(key, (count,), float32) = √2 erf⁻¹(u), to 4 units in the last place. */
export function normal(key, count) {
  return uniform(key, count, ABOVE_MINUS_ONE, 1).map((u) => Math.fround(Math.SQRT2) * inverseErf(u));
}

const GAINS = {
  lecun: (inputs, outputs) => 1 / inputs,
  glorot: (inputs, outputs) => 2 / (inputs + outputs),
  he: (inputs, outputs) => 2 / inputs,
};
const LAWS = { normal: [normal, 1], uniform: [(key, count) => uniform(key, count, -1, 1), 1 / 3] };

/** Names of initial weights, as in nnjax. */
export const SCHEMES = [
  "normal",
  "uniform",
  ...Object.keys(GAINS).flatMap((gain) => Object.keys(LAWS).map((law) => `${gain}_${law}`)),
];

/** Var(w) of one weight under a scheme. */
export function weightVariance(scheme, inputs, outputs) {
  const [gain, law] = scheme.split("_");
  return law ? GAINS[gain](inputs, outputs) : LAWS[scheme][1];
}

/** One row of draws, cut into arrays of the given sizes (inputs, outputs), each scaled to its variance. */
function cut(scheme, key, shapes) {
  const law = LAWS[scheme.split("_").at(-1)];
  const sizes = shapes.map(([inputs, outputs, count]) => count);
  const row = law[0](
    key,
    sizes.reduce((a, b) => a + b),
  );
  let from = 0;
  return shapes.map(([inputs, outputs, count]) => {
    const factor = Math.fround(Math.sqrt(weightVariance(scheme, inputs, outputs) / law[1]));
    from += count;
    return Array.from(row.subarray(from - count, from), (value) => Math.fround(value * factor));
  });
}

/** nnjax.init(network, nnjax.key(seed), weights, biases), for networks with biases or without. */
export function init(network, seed, weights = "lecun_normal", biases = "zeros") {
  const pairs = network.sizes.slice(1).map((outputs, i) => [network.sizes[i], outputs]);
  const drawn = cut(
    weights,
    foldIn(keyOf(seed), 0),
    pairs.map(([i, o]) => [i, o, i * o]),
  );
  const shifts =
    biases === "zeros" || !network.biases
      ? null
      : cut(
          biases,
          foldIn(keyOf(seed), 1),
          pairs.map(([i, o]) => [o, o, o]),
        );
  return pairs.map(([inputs, outputs], l) => ({
    weights: Array.from({ length: inputs }, (_, i) => drawn[l].slice(i * outputs, (i + 1) * outputs)),
    biases: shifts ? shifts[l] : Array(outputs).fill(0),
  }));
}
