// Smaller networks: the smallest weights set to 0, and fewer bits for each.
"use strict";

const Compress = (() => {
  const weighted = (layers) => layers.filter((layer) => layer.kernel);
  const changed = (layers, change) =>
    layers.map((layer) => (layer.kernel ? { ...layer, kernel: change(layer.kernel) } : layer));

  // The share of smallest weights of each layer set to 0, as `magnitude_masks` of chapter 4 does. Biases stay, and
  // so do weights of the very size at which the share is reached.
  function prune(layers, share) {
    if (share === 0) return layers;
    return changed(layers, (kernel) => {
      const limit = kernel.map(Math.abs).sort()[Math.round(share * kernel.length)];
      return kernel.map((w) => (Math.abs(w) < limit ? 0 : w));
    });
  }

  // Each weight to the nearest of 2^bits - 1 evenly spaced values, from -most to most of its layer.
  function round(layers, bits) {
    if (bits >= 16) return layers;
    return changed(layers, (kernel) => {
      const step = kernel.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / (2 ** (bits - 1) - 1);
      return step ? kernel.map((w) => step * Math.round(w / step)) : kernel;
    });
  }

  // Bytes to store: the weights that are left, a bit for each place that says whether one is there, biases in full.
  function bytes(layers, bits) {
    let total = 0;
    for (const { kernel, bias } of weighted(layers)) {
      const left = kernel.reduce((n, w) => n + (w !== 0), 0);
      const places = left < kernel.length ? kernel.length : 0;
      total += (left * bits + places) / 8 + 4 * bias.length;
    }
    return Math.ceil(total);
  }

  return { prune, round, bytes };
})();
