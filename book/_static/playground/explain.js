// What a network looked at: occlusion, LIME, Integrated Gradients. Each answers with 784 numbers, one for each pixel.
"use strict";

const Explain = (() => {
  const SIDE = 28;

  // The pixels of each cell of a grid of squares, `cell` pixels wide.
  function cells(cell) {
    const across = Math.ceil(SIDE / cell);
    const grid = Array.from({ length: across * across }, () => []);
    for (let i = 0; i < SIDE * SIDE; i++)
      grid[Math.floor(Math.floor(i / SIDE) / cell) * across + Math.floor((i % SIDE) / cell)].push(i);
    return grid;
  }

  function spread(grid, values) {
    const map = new Float64Array(SIDE * SIDE);
    grid.forEach((pixels, k) => pixels.forEach((i) => (map[i] = values[k])));
    return map;
  }

  // How far the logit falls while a cell of the grid shows `fill`.
  function occlusion(layers, image, target, cell, fill) {
    const whole = Network.logits(layers, image)[target];
    const grid = cells(cell);
    const falls = grid.map((pixels) => {
      if (pixels.every((i) => image[i] === fill)) return 0; // nothing would change
      const covered = image.slice();
      for (const i of pixels) covered[i] = fill;
      return whole - Network.logits(layers, covered)[target];
    });
    return spread(grid, falls);
  }

  // The mean slope on the straight way from a grey image to this one, times the way; and what the sum misses.
  function integratedGradients(layers, image, target, grey, steps = 50) {
    const map = new Float64Array(image.length);
    const baseline = new Float64Array(image.length).fill(grey);
    for (let k = 0; k < steps; k++) {
      const point = image.map((value) => grey + ((k + 0.5) / steps) * (value - grey));
      const slope = Network.gradient(layers, point, target);
      for (let i = 0; i < map.length; i++) map[i] += slope[i] / steps;
    }
    for (let i = 0; i < map.length; i++) map[i] *= image[i] - grey;
    const gain = Network.logits(layers, image)[target] - Network.logits(layers, baseline)[target];
    return { map: Float64Array.from(map), gap: map.reduce((a, b) => a + b, 0) - gain };
  }

  // Numbers in [0, 1) that are the same for the same seed (mulberry32, public domain).
  function random(seed) {
    return () => {
      seed = (seed + 0x6d2b79f5) | 0;
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  // A x = b for a symmetric positive definite A, by Gaussian elimination.
  function solve(a, b) {
    const n = b.length;
    for (let k = 0; k < n; k++)
      for (let i = k + 1; i < n; i++) {
        const factor = a[i][k] / a[k][k];
        if (factor === 0) continue;
        for (let j = k; j < n; j++) a[i][j] -= factor * a[k][j];
        b[i] -= factor * b[k];
      }
    for (let k = n - 1; k >= 0; k--) {
      for (let j = k + 1; j < n; j++) b[k] -= a[k][j] * b[j];
      b[k] /= a[k][k];
    }
    return b;
  }

  // The weighted ridge regression that LIME fits: coefficients of `masks` (rows of 0 and 1) for `answers`.
  function ridge(masks, answers, weights, alpha = 1) {
    const all = weights.reduce((a, b) => a + b);
    const mean = (values) => values.reduce((sum, value, i) => sum + weights[i] * value, 0) / all;
    const middle = masks[0].map((_, k) => mean(masks.map((mask) => mask[k])));
    const centre = mean(answers);
    const a = middle.map((_, k) => middle.map((_, l) => (k === l ? alpha : 0)));
    const b = middle.map(() => 0);
    masks.forEach((mask, i) => {
      const row = mask.map((value, k) => value - middle[k]);
      for (let k = 0; k < row.length; k++) {
        b[k] += weights[i] * row[k] * (answers[i] - centre);
        for (let l = 0; l < row.length; l++) a[k][l] += weights[i] * row[k] * row[l];
      }
    });
    return solve(a, b);
  }

  // LIME's nearness for images: exp(-(cosine distance to the whole image)^2 / width^2), under a root.
  const nearness = (mask, width = 0.25) => {
    const shown = mask.reduce((a, b) => a + b);
    const distance = shown === 0 ? 1 : 1 - Math.sqrt(shown / mask.length);
    return Math.sqrt(Math.exp(-(distance ** 2) / width ** 2));
  };

  // LIME's questions: which cells are shown, by coin tosses; the first shows all.
  function questions(cells, samples = 200, seed = 1) {
    const toss = random(seed);
    return Array.from({ length: samples }, (_, k) =>
      Array.from({ length: cells }, () => (k === 0 || toss() < 0.5 ? 1 : 0)),
    );
  }

  // LIME on the logit: a plane through the answers to its questions.
  function lime(layers, image, target, cell, fill) {
    const grid = cells(cell);
    const masks = questions(grid.length);
    const answers = masks.map((mask) => {
      const seen = image.slice();
      mask.forEach((on, k) => on || grid[k].forEach((i) => (seen[i] = fill)));
      return Network.logits(layers, seen)[target];
    });
    const weights = masks.map((mask) => nearness(mask));
    return spread(grid, ridge(masks, answers, weights));
  }

  return { cells, random, questions, occlusion, integratedGradients, ridge, nearness, lime };
})();
