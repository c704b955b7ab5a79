// XOR's loss on the plane through three networks.
import { xorLoss } from "./train.mjs";

const dot = (a, b) => a.reduce((total, value, k) => total + value * b[k], 0);
const minus = (a, b) => a.map((value, k) => value - b[k]);
const unit = (a) => a.map((value) => value / (Math.sqrt(dot(a, a)) || 1));

/** The plane through three rows of parameters: its origin and two unit vectors at right angles. */
export function planeThrough(a, b, c) {
  const right = unit(minus(b, a)),
    rest = minus(c, a),
    along = dot(rest, right);
  return { origin: a, right, up: unit(rest.map((value, k) => value - along * right[k])) };
}

/** The position on the plane of a row's nearest point. */
export function project(plane, row) {
  const from = minus(row, plane.origin);
  return [dot(from, plane.right), dot(from, plane.up)];
}

/** Bounds [x0, x1, y0, y1] of places, with a margin, in the shape of the drawing. */
export function boundsOf(places, ratio) {
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
  const spread = (values) => 0.62 * (Math.max(...values) - Math.min(...values)) + 0.5;
  const halfWidth = Math.max(spread(xs), spread(ys) * ratio),
    halfHeight = halfWidth / ratio;
  return [middle(xs) - halfWidth, middle(xs) + halfWidth, middle(ys) - halfHeight, middle(ys) + halfHeight];
}

/** The loss at the middle of each of columns × rows cells, the top row first. */
export function lossGrid(plane, [x0, x1, y0, y1], columns, rows) {
  const grid = new Float64Array(columns * rows),
    row = new Float64Array(plane.origin.length);
  for (let n = 0; n < grid.length; n++) {
    const x = x0 + ((x1 - x0) * ((n % columns) + 0.5)) / columns;
    const y = y1 - ((y1 - y0) * (Math.floor(n / columns) + 0.5)) / rows;
    for (let k = 0; k < row.length; k++) row[k] = plane.origin[k] + x * plane.right[k] + y * plane.up[k];
    grid[n] = xorLoss(row);
  }
  return grid;
}

/** Seeds with three different ends: the chosen one, then the first of each other level, then any others. */
export function threeSeeds(levels, chosen) {
  const others = [...new Set(levels)].filter((level) => level !== levels[chosen]).sort((a, b) => b - a);
  const firsts = others.map((level) => levels.indexOf(level));
  const rest = levels.map((_, seed) => seed).filter((seed) => seed !== chosen && !firsts.includes(seed));
  return [chosen, ...firsts, ...rest].slice(0, 3);
}
