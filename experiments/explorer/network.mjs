// A feedforward network: forward pass, δ by hand, weight changes. The sign is the handout's: δ = -∂L/∂z.

const LEAK = 0.01;

/** 1 / (1 + e⁻ᶻ), without overflow. */
export function sigmoid(z) {
  if (z >= 0) return 1 / (1 + Math.exp(-z));
  const e = Math.exp(z);
  return e / (1 + e);
}

/** erfc(x) by erf's series near 0 and by a continued fraction far from it. */
export function erfc(x) {
  if (x < 0) return 2 - erfc(-x);
  if (x > 2) return Math.exp(-x * x) / Math.sqrt(Math.PI) / fraction(x);
  let term = x,
    sum = x;
  for (let n = 1; Math.abs(term) > 1e-17 * sum; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function fraction(x) {
  let value = x;
  for (let n = 120; n > 0; n--) value = x + n / 2 / value;
  return value;
}

const normalCdf = (z) => erfc(-z / Math.SQRT2) / 2;
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));

/** name -> value f(z), derivative f'(z, a), and how the two are written. */
export const ACTIVATIONS = {
  sigmoid: { value: sigmoid, derivative: (z, a) => a * (1 - a), written: "σ(z)", slope: "a(1 − a)" },
  relu: {
    value: (z) => Math.max(0, z),
    derivative: (z) => (z > 0 ? 1 : 0),
    written: "max(0, z)",
    slope: "ReLU′(z)",
  },
  identity: { value: (z) => z, derivative: () => 1, written: "z", slope: "1" },
  tanh: { value: Math.tanh, derivative: (z, a) => (1 - a) * (1 + a), written: "tanh(z)", slope: "(1 − a²)" },
  leaky_relu: {
    value: (z) => (z > 0 ? z : LEAK * z),
    derivative: (z) => (z > 0 ? 1 : LEAK),
    written: "leaky_relu(z)",
    slope: "f′(z)",
  },
  elu: {
    value: (z) => (z > 0 ? z : Math.expm1(z)),
    derivative: (z) => Math.exp(Math.min(z, 0)),
    written: "elu(z)",
    slope: "f′(z)",
  },
  softplus: { value: softplus, derivative: sigmoid, written: "ln(1 + eᶻ)", slope: "σ(z)" },
  silu: {
    value: (z) => z * sigmoid(z),
    derivative: (z) => sigmoid(z) * (1 + z * sigmoid(-z)),
    written: "z·σ(z)",
    slope: "f′(z)",
  },
  gelu: {
    value: (z) => z * normalCdf(z),
    derivative: (z) => normalCdf(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI),
    written: "z·Φ(z)",
    slope: "f′(z)",
  },
};

/** The activation function of node j of layer l, counted from the first layer with weights. */
export function activationOf(network, l, j) {
  const names = network.activations[l];
  return ACTIVATIONS[typeof names === "string" ? names : names[j]];
}

export const range = (count) => Array.from({ length: count }, (_, i) => i);
export const sum = (values) => values.reduce((a, b) => a + b, 0);

/** z = Σᵢ aᵢ wᵢⱼ + bⱼ of one layer's nodes j. */
function netInputs(network, layer, a) {
  return layer.biases.map(
    (bias, j) => sum(a.map((value, i) => value * layer.weights[i][j])) + (network.biases ? bias : 0),
  );
}

/** z and a of every layer; `assumed` replaces the last activation, and its net input accordingly. */
export function forward(network, params, x, assumed = null) {
  const trace = { netInputs: [], activations: [x] };
  params.forEach((layer, l) => {
    const z = netInputs(network, layer, trace.activations[l]);
    trace.netInputs.push(z);
    trace.activations.push(z.map((value, j) => activationOf(network, l, j).value(value)));
  });
  if (assumed === null) return trace;
  return {
    netInputs: [...trace.netInputs.slice(0, -1), [Math.log(assumed) - Math.log1p(-assumed)]],
    activations: [...trace.activations.slice(0, -1), [assumed]],
  };
}

/** f'(z, a) of every node. */
export function slopes(network, trace) {
  return trace.netInputs.map((row, l) =>
    row.map((z, j) => activationOf(network, l, j).derivative(z, trace.activations[l + 1][j])),
  );
}

/** δ of every layer: 2(y - ŷ) · f' at the output, f' · Σⱼ wᵢⱼ δⱼ below it. */
export function deltas(network, params, trace, y) {
  const slope = slopes(network, trace),
    last = params.length - 1;
  const found = Array(params.length);
  found[last] = trace.activations[last + 1].map((a, j) => 2 * (y[j] - a) * slope[last][j]);
  for (let l = last - 1; l >= 0; l--) {
    found[l] = slope[l].map((f, i) => f * sum(params[l + 1].weights[i].map((w, j) => w * found[l + 1][j])));
  }
  return found;
}

/** The changes to be added: α · δⱼ · aᵢ for every weight, α · δⱼ for every bias. */
export function changes(network, trace, delta, rate) {
  return delta.map((row, l) => ({
    weights: trace.activations[l].map((a) => row.map((d) => rate * a * d)),
    biases: row.map((d) => (network.biases ? rate * d : 0)),
  }));
}

/** w + change and b + change. */
export function updated(params, change) {
  return params.map((layer, l) => ({
    weights: layer.weights.map((row, i) => row.map((w, j) => w + change[l].weights[i][j])),
    biases: layer.biases.map((b, j) => b + change[l].biases[j]),
  }));
}

/** Everything that one update computes, from the inputs to the new parameters. */
export function step(network, params, x, y, rate, assumed = null) {
  const trace = forward(network, params, x, assumed);
  const slope = slopes(network, trace),
    delta = deltas(network, params, trace, y);
  const change = changes(network, trace, delta, rate);
  return { ...trace, slopes: slope, deltas: delta, changes: change, updated: updated(params, change) };
}

/** Σⱼ (yⱼ - ŷⱼ)². */
export function sse(y, yHat) {
  return sum(y.map((label, j) => (label - yHat[j]) ** 2));
}

/**
 * -∂L/∂w of every weight by central differences, without any derivative formula.
 * An assumed output is treated as a constant added to the last net input.
 */
export function differences(network, params, x, y, assumed = null, h = 1e-6) {
  const last = params.length - 1;
  const shift =
    assumed === null
      ? 0
      : forward(network, params, x, assumed).netInputs[last][0] -
        forward(network, params, x).netInputs[last][0];
  const loss = (moved) => {
    const z = forward(network, moved, x).netInputs[last];
    return sse(
      y,
      z.map((value, j) => activationOf(network, last, j).value(value + shift)),
    );
  };
  const along = (l, i, j) => (loss(nudged(params, l, i, j, -h)) - loss(nudged(params, l, i, j, h))) / (2 * h);
  return params.map((layer, l) => layer.weights.map((row, i) => row.map((_, j) => along(l, i, j))));
}

/** The parameters with one weight moved. */
function nudged(params, l, i, j, by) {
  return params.map((layer, k) =>
    k !== l
      ? layer
      : {
          ...layer,
          weights: layer.weights.map((row, r) => (r !== i ? row : row.map((w, c) => (c === j ? w + by : w)))),
        },
  );
}
