// Scene 4: 200 networks learn XOR from nnjax's seeds; where they end, and the landscape between three ends.
import { byId, onWidth } from "./dom.mjs";
import { show } from "./formulas.mjs";
import { boundsOf, lossGrid, planeThrough, project, threeSeeds } from "./landscape.mjs";
import { numberField } from "./number_field.mjs";
import { xorPython } from "./python.mjs";
import { COLUMNS, LOOKS, ROWS, colours, drawCell, drawLoss, drawPath, prepared } from "./seeds_drawing.mjs";
import { XOR_BOUNDS } from "./state.mjs";
import { ON_THE_WAY, XOR, levelOf, unflat, worstRow, xorNetwork } from "./train.mjs";
import { onThePage } from "./worker.mjs";

const XOR_SEEDS = 200,
  STEPS = 5000;
const LEVEL_NAMES = ["0", "½", "⅔"];
/** The scene; returns a function that shows a state. */
export function seedsScene(app) {
  const parts = { width: 0, planeWidth: 0, ways: [], order: 0, worker: null, timer: null };
  const updates = xorFields(app);
  const grid = byId("seed-grid");
  grid.addEventListener("click", (event) => choose(app, parts, event));
  grid.addEventListener("dblclick", () => openInSceneOne(app, parts));
  byId("open-seed").addEventListener("click", () => openInSceneOne(app, parts));
  onWidth(grid.parentElement, (width) => {
    parts.width = width;
    drawGrid(app, parts);
  });
  onWidth(byId("landscape").parentElement, (width) => {
    parts.planeWidth = width;
    drawPlane(app, parts);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(app, parts));
  return (state, before) => {
    if (before && before.xor === state.xor) return;
    updates.forEach((update) => update(state.xor));
    const retrain = !before || before.xor.width !== state.xor.width || before.xor.rate !== state.xor.rate;
    if (retrain) order(app, parts, before ? 200 : 0);
    else drawAll(app, parts);
  };
}

function xorFields(app) {
  const change = (part) => app.change({ ...app.state, xor: { ...app.state.xor, ...part } });
  const make = (key, name, range, whole = false) => {
    const field = numberField({
      name,
      bounds: XOR_BOUNDS[key],
      range,
      whole,
      onChange: (value) => change({ [key]: value }),
    });
    return [field.element, (xor) => field.update(xor[key])];
  };
  const all = [
    make("rate", "learning rate", [0.1, 10, 0.1]),
    make("width", "hidden nodes", [1, 6, 1], true),
  ];
  const [seed, update] = make("seed", "seed", [0, XOR_SEEDS - 1, 1], true);
  byId("seeds-fields").replaceChildren(...all.map(([element]) => element));
  byId("seed-field").replaceChildren(seed);
  return [...all.map(([, each]) => each), update];
}

/** Have a worker train all seeds again; late messages from an older order are ignored. */
function order(app, parts, wait) {
  clearTimeout(parts.timer);
  parts.timer = setTimeout(() => {
    parts.worker?.terminate();
    Object.assign(parts, { ways: [], order: parts.order + 1 });
    const { width, rate } = app.state.xor;
    const data = { width, rate, steps: STEPS, seeds: XOR_SEEDS, order: parts.order };
    train(newWorker(), (message) => receive(app, parts, message), data, parts);
  }, wait);
  byId("seeds-summary").textContent = "The networks are learning …";
}

/** Send an order to a worker, or to the page itself if the worker fails. */
function train(worker, tell, data, parts) {
  parts.worker = worker;
  worker.onmessage = (event) => tell(event.data);
  worker.onerror = () => train(onThePage(), tell, data, parts);
  worker.postMessage(data);
}

/** A page from disk may not start a worker from a file, but from a Blob; some browsers refuse even that. */
function newWorker() {
  try {
    const address = URL.createObjectURL(new Blob([byId("modules").textContent], { type: "text/javascript" }));
    const worker = new Worker(address);
    worker.addEventListener("message", () => URL.revokeObjectURL(address), { once: true });
    return worker;
  } catch {
    return onThePage();
  }
}

function receive(app, parts, { order: answered, from, ways }) {
  if (answered !== parts.order) return;
  ways.forEach((way, k) => {
    parts.ways[from + k] = { ...way, level: levelOf(way.losses.at(-1)) };
  });
  if (parts.ways.length === XOR_SEEDS) {
    drawAll(app, parts);
    byId("seed-grid").dataset.done = `${app.state.xor.width},${app.state.xor.rate}`;
  }
  parts.frame ??= requestAnimationFrame(() => {
    parts.frame = null;
    drawGrid(app, parts);
  });
}

function drawAll(app, parts) {
  drawGrid(app, parts);
  if (parts.ways.length < XOR_SEEDS) return;
  const { seed, width, rate } = app.state.xor,
    way = parts.ways[seed];
  const counted = [0, 1, 2, ON_THE_WAY].map((level) => [
    LOOKS[level].name,
    parts.ways.filter((each) => each.level === level).length,
  ]);
  const [zero, half, third, other] = counted.map(([, count]) => count);
  byId("seeds-summary").textContent =
    `Of ${XOR_SEEDS} networks, ${zero} end at loss 0, ${half} at ½, ${third} at ⅔, and ${other} are still on the way after ${STEPS} updates.`;
  byId("seed-end").textContent =
    `Seed ${seed} ${way.level === ON_THE_WAY ? "is on the way" : `ends at loss ${LEVEL_NAMES[way.level]}`}: its loss is ${show(way.losses.at(-1), 4)}, and it was ${show(way.losses[0], 4)} at the start.`;
  byId("open-seed").textContent = `Open seed ${seed} in scene 1`;
  byId("seed-python").textContent = xorPython(width, rate, seed, STEPS);
  drawPlane(app, parts);
}

function cells(parts) {
  const columns = parts.width < 620 ? 10 : 20,
    size = parts.width / columns;
  return { columns, size, high: Math.max(24, Math.min(44, size * 0.75)) };
}

function drawGrid(app, parts) {
  if (!parts.width) return;
  const { columns, size, high } = cells(parts),
    colour = colours();
  const pen = prepared(byId("seed-grid"), parts.width, (XOR_SEEDS / columns) * high);
  for (let seed = 0; seed < XOR_SEEDS; seed++) {
    const left = (seed % columns) * size,
      top = Math.floor(seed / columns) * high;
    pen.fillStyle = colour("--card");
    pen.fillRect(left + 1, top + 1, size - 2, high - 2);
    if (parts.ways[seed]) drawCell(pen, parts.ways[seed], [left, top, size, high], colour);
  }
  const { seed } = app.state.xor;
  pen.strokeStyle = colour("--ink");
  pen.lineWidth = 2.5;
  pen.strokeRect((seed % columns) * size + 1.5, Math.floor(seed / columns) * high + 1.5, size - 3, high - 3);
}

function choose(app, parts, event) {
  const { columns, size, high } = cells(parts),
    box = byId("seed-grid").getBoundingClientRect();
  const seed =
    Math.floor((event.clientY - box.top) / high) * columns + Math.floor((event.clientX - box.left) / size);
  if (seed >= 0 && seed < XOR_SEEDS) app.change({ ...app.state, xor: { ...app.state.xor, seed } });
}

/** The network of the chosen seed becomes that of scene 1, at its end. */
function openInSceneOne(app, parts) {
  const { seed, width, rate } = app.state.xor,
    way = parts.ways[seed];
  if (!way) return;
  const worst = worstRow(way.points.at(-1));
  app.change({
    ...app.state,
    network: xorNetwork(width),
    params: unflat(way.points.at(-1)),
    x: XOR.xs[worst],
    y: XOR.ys[worst],
    rate,
    assumed: null,
    steps: 8,
    pick: "",
    from: [seed, rate, STEPS],
  });
  byId("one-step").scrollIntoView();
  byId("forward").focus({ preventScroll: true });
}

function drawPlane(app, parts) {
  if (!parts.planeWidth || parts.ways.length < XOR_SEEDS) return;
  const seeds = threeSeeds(
      parts.ways.map(({ level }) => level),
      app.state.xor.seed,
    ),
    ways = seeds.map((seed) => parts.ways[seed]);
  const plane = planeThrough(...ways.map(({ points }) => Array.from(points.at(-1))));
  const width = parts.planeWidth,
    height = (width * ROWS) / COLUMNS,
    pen = prepared(byId("landscape"), width, height);
  const paths = ways.map(({ points }) => points.map((row) => project(plane, Array.from(row))));
  const bounds = boundsOf(paths.flat(), COLUMNS / ROWS),
    colour = colours();
  drawLoss(pen, lossGrid(plane, bounds, COLUMNS, ROWS), width, height);
  const at = ([x, y]) => [
    ((x - bounds[0]) / (bounds[1] - bounds[0])) * width,
    ((bounds[3] - y) / (bounds[3] - bounds[2])) * height,
  ];
  paths.forEach((places, k) =>
    drawPath(pen, places.map(at), seeds[k], LOOKS[ways[k].level], colour, [width, height]),
  );
  byId("landscape-caption").replaceChildren(
    `The landscape has a dimension for each of the ${ways[0].points.at(-1).length} weights and biases. This is the plane in it that holds the ends of seeds ${seeds.map((seed, k) => `${seed} (${LOOKS[ways[k].level].name === "…" ? "on the way" : LOOKS[ways[k].level].name})`).join(", ")}; `,
    "each path runs from its open dot to its filled one, seen from above. The paths lie outside the plane; only their ends are on it, and only there does the colour show their loss.",
  );
}
