// The positions of the network's nodes, links and labels, in pixels, for a given width.

const NARROW = 620;

/** Size of a weight's label; in a narrow drawing, labels stand in a column before the receiving node. */
const WIDE_LABEL = [58, 30],
  NARROW_LABEL = [36, 16];
export const labelSize = (narrow) => (narrow ? NARROW_LABEL : WIDE_LABEL);

/** Boxes of all nodes by "layer.node", and the height of the drawing. */
export function nodeBoxes(sizes, width, rows) {
  const narrow = width < NARROW;
  const boxWidth = (layer) => (narrow ? [38, 84, 92][layer] : layer ? 124 : 72);
  const boxHeight = (layer) => 22 + 17 * rows[layer];
  const room = (layer) =>
    Math.max(boxHeight(layer), narrow && layer ? sizes[layer - 1] * NARROW_LABEL[1] : 0) + (narrow ? 14 : 34);
  const tallest = Math.max(...sizes.map((count, layer) => count * room(layer)));
  const height = Math.max(tallest, narrow ? 300 : 360) + 8,
    boxes = {};
  const space = (width - 4 - boxWidth(0) - boxWidth(1) - boxWidth(2)) * (narrow ? 0.47 : 0.52);
  sizes.forEach((count, layer) => {
    const left = 2 + boxWidth(layer) / 2,
      right = width - 2 - boxWidth(layer) / 2;
    const x =
      layer === 0
        ? left
        : layer === sizes.length - 1
          ? right
          : 2 + boxWidth(0) + space + boxWidth(1) / 2;
    for (let j = 0; j < count; j++) {
      boxes[`${layer}.${j}`] = {
        x,
        y: (height * (j + 0.5)) / count,
        width: boxWidth(layer),
        height: boxHeight(layer),
      };
    }
  });
  return { boxes, height, narrow };
}

/**
 * The lines between boxes: {layer, i, j, from, to}; layer counts layers with weights. In a narrow drawing, each
 * ends at its own label.
 */
export function linkLines(sizes, boxes, narrow) {
  const [labelWidth, labelHeight] = labelSize(narrow);
  return sizes.slice(1).flatMap((count, layer) =>
    Array.from({ length: sizes[layer] * count }, (_, k) => {
      const [i, j] = [Math.floor(k / count), k % count],
        [a, b] = [boxes[`${layer}.${i}`], boxes[`${layer + 1}.${j}`]];
      const left = b.x - b.width / 2,
        place = b.y + (i - (sizes[layer] - 1) / 2) * labelHeight;
      const to = narrow ? [left - 2 - labelWidth, place] : [left, b.y];
      return { layer, i, j, from: [a.x + a.width / 2, a.y], to };
    }),
  );
}

const along = ({ from, to }, t) => [from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])];

/** The distance of a label at a place from a line. */
function distance([x, y], { from, to }) {
  const t = Math.min(1, Math.max(0, (x - from[0]) / (to[0] - from[0] || 1)));
  const [, there] = along({ from, to }, t);
  return Math.abs(y - there);
}

const gap = (a, b, size) => Math.max(Math.abs(a[0] - b[0]) - size[0], Math.abs(a[1] - b[1]) - size[1]);

/**
 * The place of each link's label: as far as possible from the other labels and links, or at the link's end in a
 * narrow drawing.
 */
export function labelPlaces(links, narrow) {
  const places = [],
    size = labelSize(narrow);
  if (narrow) return links.map(({ to: [x, y] }) => [x + size[0] / 2, y]);
  links.forEach((link, k) => {
    const rivals = links.filter((other) => other.layer === link.layer && other !== link);
    const length = link.to[0] - link.from[0],
      edge = Math.min(0.45, (size[0] / 2 + 4) / Math.max(length, 1));
    let best = null;
    for (let n = 0; n <= 24; n++) {
      const at = along(link, edge + ((1 - 2 * edge) * n) / 24);
      const free = Math.min(12, ...rivals.map((other) => distance(at, other) - size[1] / 2));
      const apart = Math.min(12, ...places.map((other) => gap(at, other, size)));
      const score = (apart < 0 ? 20 * apart : apart) + free - Math.abs(n - 12) / 4;
      if (!best || score > best.score) best = { at, score };
    }
    places[k] = best.at;
  });
  return places;
}
