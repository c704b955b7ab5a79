// Each exercise's solution in R and in Python, written for the numbers of its task.

const r = (values) => `c(${values.join(", ")})`;
const py = (values) => `[${values.map((v) => (Array.isArray(v) ? py(v) : v)).join(", ")}]`;
const rMatrix = (rows) => `matrix(${r(rows.flat())}, nrow = ${rows.length}, byrow = TRUE)`;

/** The lines that all solutions share: the network's numbers and its forward pass. */
function preface(task) {
  const { x, params, network } = task,
    relu = network.activations[0] === "relu";
  const f = {
    R: relu ? "function(z) pmax(0, z)" : "function(z) 1 / (1 + exp(-z))",
    Python: relu ? "lambda z: np.maximum(0, z)" : "lambda z: 1 / (1 + np.exp(-z))",
  };
  return {
    R: [
      `x <- ${r(x)}`,
      ...params.map(({ weights }, l) => `W${l + 1} <- ${rMatrix(weights)}`),
      `f <- ${f.R}`,
      "sigmoid <- function(z) 1 / (1 + exp(-z))",
      "h <- f(as.vector(x %*% W1))",
      task.assumed === null ? "o <- sigmoid(sum(h * W2))" : `o <- ${task.assumed}`,
    ],
    Python: [
      "import numpy as np",
      `x = np.array(${py(x)})`,
      ...params.map(({ weights }, l) => `W${l + 1} = np.array(${py(weights)})`),
      `f = ${f.Python}`,
      "sigmoid = lambda z: 1 / (1 + np.exp(-z))",
      "h = f(x @ W1)",
      task.assumed === null ? "o = sigmoid(h @ W2)[0]" : `o = ${task.assumed}`,
    ],
  };
}

const added = (task, R, Python) => ({
  R: [...preface(task).R, ...R],
  Python: [...preface(task).Python, ...Python],
});
const outputDelta = (task) => `2 * (${task.y[0]} - o) * o * (1 - o)`;
const slope = (task) =>
  task.network.activations[0] === "relu"
    ? ["(x %*% W1 > 0)", "(x @ W1 > 0)"]
    : ["h * (1 - h)", "h * (1 - h)"];

export function forwardCode(task) {
  return added(task, ["c(h, o)"], ["print(h, o)"]);
}

export function outputDeltaCode(task) {
  const [R, Python] = [[`(delta_o <- ${outputDelta(task)})`], [`delta_o = ${outputDelta(task)}`, "print(delta_o)"]];
  if (task.assumed === null) return added(task, R, Python);
  return { R: [`o <- ${task.assumed}`, ...R], Python: [`o = ${task.assumed}`, ...Python] };
}

export function outputChangeCode(task) {
  return added(
    task,
    [`delta_o <- ${outputDelta(task)}`, `${task.rate} * delta_o * h`],
    [`delta_o = ${outputDelta(task)}`, `print(${task.rate} * delta_o * h)`],
  );
}

export function firstChangeCode(task) {
  return added(
    task,
    [`delta_o <- ${outputDelta(task)}`, `${task.rate} * delta_o * h[1]`],
    [`delta_o = ${outputDelta(task)}`, `print(${task.rate} * delta_o * h[0])`],
  );
}

export function hiddenDeltaCode(task) {
  const [inR, inPython] = slope(task);
  return added(
    task,
    [`delta_o <- ${outputDelta(task)}`, `(delta_h <- as.vector(delta_o * W2) * ${inR})`],
    [`delta_o = ${outputDelta(task)}`, `delta_h = delta_o * W2[:, 0] * ${inPython}`, "print(delta_h)"],
  );
}

export function hiddenChangeCode(task) {
  return added(
    task,
    [
      `delta_o <- ${outputDelta(task)}`,
      "delta_h <- as.vector(delta_o * W2) * h * (1 - h)",
      `${task.rate} * x %o% delta_h`,
    ],
    [
      `delta_o = ${outputDelta(task)}`,
      "delta_h = delta_o * W2[:, 0] * h * (1 - h)",
      `print(${task.rate} * np.outer(x, delta_h))`,
    ],
  );
}

export function loopCode(task) {
  return added(
    task,
    [
      `delta_o <- ${outputDelta(task)}`,
      "delta_h <- as.vector(delta_o * W2) * h * (1 - h)",
      `W1 <- W1 + ${task.rate} * x %o% delta_h`,
      `W2 <- W2 + ${task.rate} * delta_o * h`,
      "sigmoid(sum(f(as.vector(x %*% W1)) * W2))",
    ],
    [
      `delta_o = ${outputDelta(task)}`,
      "delta_h = delta_o * W2[:, 0] * h * (1 - h)",
      `W1 = W1 + ${task.rate} * np.outer(x, delta_h)`,
      `W2 = W2 + ${task.rate} * delta_o * h[:, None]`,
      "print(sigmoid(f(x @ W1) @ W2))",
    ],
  );
}

export function deepCode(task) {
  const { x, y, params } = task;
  return {
    R: [
      `a <- list(t(${r(x)}))`,
      `W <- list(${params.map(({ weights }) => rMatrix(weights)).join(", ")})`,
      `b <- list(${params.map(({ biases }) => r(biases)).join(", ")})`,
      "for (l in 1:3) a[[l + 1]] <- 1 / (1 + exp(-a[[l]] %*% W[[l]] - b[[l]]))",
      `delta <- 2 * (${y[0]} - a[[4]]) * a[[4]] * (1 - a[[4]])`,
      "for (l in 3:2) delta <- (delta %*% t(W[[l]])) * a[[l]] * (1 - a[[l]])",
      "delta",
    ],
    Python: [
      "import numpy as np",
      `a, W = [np.array(${py(x)})], [np.array(w) for w in ${py(params.map(({ weights }) => weights))}]`,
      `b = [np.array(row) for row in ${py(params.map(({ biases }) => biases))}]`,
      "for l in range(3): a.append(1 / (1 + np.exp(-a[l] @ W[l] - b[l])))",
      `delta = 2 * (${y[0]} - a[3]) * a[3] * (1 - a[3])`,
      "for l in (2, 1): delta = W[l] @ delta * a[l] * (1 - a[l])",
      "print(delta)",
    ],
  };
}
