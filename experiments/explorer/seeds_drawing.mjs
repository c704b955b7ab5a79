// Scene 4's drawings on canvases: small curves, the loss on a plane, and the paths on it.
import { ON_THE_WAY } from "./train.mjs";

/** Names and colours of the levels; the sign tells them apart without colours. */
export const LOOKS = {
  0: { name: "0", colour: "--level-0" },
  1: { name: "½", colour: "--level-1" },
  2: { name: "⅔", colour: "--level-2" },
  [ON_THE_WAY]: { name: "…", colour: "--level-way" },
};

export const colours = () => {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
};

/** A canvas of this many pixels of the page, sharp on dense screens. */
export function prepared(canvas, width, height) {
  const dense = devicePixelRatio || 1;
  Object.assign(canvas, { width: Math.round(width * dense), height: Math.round(height * dense) });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const pen = canvas.getContext("2d");
  pen.scale(dense, dense);
  return pen;
}

/** One network: its loss over the updates, from left to right on a log axis, and where it ends. */
export function drawCell(pen, { losses, level }, [left, top, size, high], colour) {
  const look = LOOKS[level];
  pen.strokeStyle = pen.fillStyle = colour(look.colour);
  pen.globalAlpha = 0.16;
  pen.fillRect(left + 1, top + 1, size - 2, high - 2);
  pen.globalAlpha = 1;
  pen.lineWidth = 1.5;
  pen.beginPath();
  losses.forEach((loss, k) =>
    pen.lineTo(
      left + 4 + ((size - 8) * k) / (losses.length - 1),
      top + high - 4 - (high - 8) * Math.min(1, loss / 1.5),
    ),
  );
  pen.stroke();
  pen.font = "bold 11px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.fillText(look.name, left + 4, top + high - 4);
}

export const COLUMNS = 120,
  ROWS = 80;

const mixed = (t, from, to) => from.map((value, k) => value + t * (to[k] - value));

/** A loss of 0 is dark, 2 and more are light; on a square-root scale, since the interesting part is low. */
export function drawLoss(pen, grid, width, height) {
  const image = new ImageData(COLUMNS, ROWS);
  grid.forEach((loss, n) => {
    const t = Math.min(1, Math.sqrt(loss / 2));
    const shade =
      t < 0.5 ? mixed(2 * t, [8, 29, 60], [38, 130, 142]) : mixed(2 * t - 1, [38, 130, 142], [253, 246, 214]);
    [...shade, 255].forEach((value, channel) => {
      image.data[4 * n + channel] = value;
    });
  });
  const small = new OffscreenCanvas(COLUMNS, ROWS);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.drawImage(small, 0, 0, width, height);
}

export function drawPath(pen, places, seed, look, colour, [width, height]) {
  const [x, y] = places.at(-1);
  for (const [style, thick] of [
    ["#ffffff", 4.5],
    ["#111111", 2],
  ]) {
    Object.assign(pen, { strokeStyle: style, lineWidth: thick, lineJoin: "round" });
    pen.beginPath();
    places.forEach((place) => pen.lineTo(...place));
    pen.stroke();
  }
  dotAt(pen, places[0], "#ffffff");
  dotAt(pen, [x, y], "#111111");
  const text = `seed ${seed}: ${look.name}`;
  pen.font = "bold 13px system-ui, sans-serif";
  const wide = pen.measureText(text).width + 8;
  const left = Math.min(Math.max(x + 8, 2), width - wide - 2),
    top = Math.min(Math.max(y - 24, 2), height - 22);
  pen.fillStyle = "#ffffff";
  pen.fillRect(left, top, wide, 19);
  pen.fillStyle = "#111111";
  pen.textAlign = "left";
  pen.fillText(text, left + 4, top + 14);
}

function dotAt(pen, [x, y], fill) {
  Object.assign(pen, {
    fillStyle: fill,
    strokeStyle: fill === "#ffffff" ? "#111111" : "#ffffff",
    lineWidth: 2,
  });
  pen.beginPath();
  pen.arc(x, y, 5.5, 0, 2 * Math.PI);
  pen.fill();
  pen.stroke();
}
