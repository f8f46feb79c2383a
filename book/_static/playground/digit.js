// From a drawing to what the networks were trained on: 28x28 grey levels, made in the way of `load_images`.
"use strict";

const Digit = (() => {
  const SIDE = 28;
  const INK = 20; // pixels on a side of an upright digit, as in utils/data.py

  // ink: [height, width] of 0 and 1 in a flat array, `side` wide. Its box, made square, in 8x8 shares of ink, as the
  // digits of scikit-learn were made; and the middle of the box, in pixels of the 28x28 image.
  function scan(ink, side) {
    let [top, left, bottom, right] = [side, side, -1, -1];
    for (let y = 0, i = 0; i < ink.length; y++)
      for (let x = 0; x < side; x++, i++) {
        if (!ink[i]) continue;
        if (y < top) top = y;
        if (x < left) left = x;
        if (x > right) right = x;
        bottom = y;
      }
    if (bottom < 0) return null;
    const size = Math.max(bottom - top, right - left) + 1;
    const [middleY, middleX] = [(top + bottom + 1) / 2, (left + right + 1) / 2];
    const small = new Float64Array(64);
    const fine = 8; // samples across each of the 8x8 cells
    const along = Array.from({ length: 8 * fine }, (_, k) => ((k + 0.5) / (8 * fine) - 0.5) * size);
    for (let y = 0; y < 8 * fine; y++)
      for (let x = 0; x < 8 * fine; x++) {
        const row = Math.floor(middleY + along[y]);
        const column = Math.floor(middleX + along[x]);
        if (row >= 0 && row < side && column >= 0 && column < side && ink[row * side + column])
          small[Math.floor(y / fine) * 8 + Math.floor(x / fine)] += 1 / fine ** 2;
      }
    const shift = (middle) => Math.max(-4, Math.min(4, Math.round((middle / side) * SIDE - SIDE / 2)));
    return { small, dy: shift(middleY), dx: shift(middleX) };
  }

  // 8x8 onto 28x28 between the nearest four, moved by whole pixels: `_place` of utils/data.py without its jitter.
  function place({ small, dy, dx }) {
    const at = (y, x) => (y < 0 || x < 0 || y > 7 || x > 7 ? 0 : small[y * 8 + x]);
    const image = new Float64Array(SIDE * SIDE);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const [v, u] = [y - dy, x - dx].map((k) => (k - (SIDE - 1) / 2) * (8 / INK) + 3.5);
        if (v < 0 || u < 0 || v > 7 || u > 7) continue;
        const [row, column] = [Math.floor(v), Math.floor(u)];
        const [f, g] = [v - row, u - column];
        const value =
          (1 - f) * ((1 - g) * at(row, column) + g * at(row, column + 1)) +
          f * ((1 - g) * at(row + 1, column) + g * at(row + 1, column + 1));
        image[y * SIDE + x] = Math.round(value * 255) / 255;
      }
    return image;
  }

  // What leaves the image is gone, what comes in is 0.
  function shift(image, dy, dx) {
    const moved = new Float64Array(image.length);
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++) {
        const [row, column] = [y - dy, x - dx];
        if (row >= 0 && row < SIDE && column >= 0 && column < SIDE)
          moved[y * SIDE + x] = image[row * SIDE + column];
      }
    return moved;
  }

  return { scan, place, shift };
})();
