// A small network, forward and backward, on plain arrays: dense layers, convolutions, max-pooling.
//
// An activation is { shape: [height, width, channels], values: Float64Array } in Keras's order; after a dense layer
// height and width are 1. A layer is { kind: "dense" | "convolution" | "pool", relu, shape, kernel, bias }.
"use strict";

const Network = (() => {
  // kernel: [inputs, outputs]. Inputs of 0, most of a digit's, cost nothing.
  function dense(layer, x) {
    const outputs = layer.shape[1];
    const sum = Float64Array.from(layer.bias);
    for (let i = 0; i < x.values.length; i++) {
      const value = x.values[i];
      if (value === 0) continue;
      const row = i * outputs;
      for (let o = 0; o < outputs; o++) sum[o] += value * layer.kernel[row + o];
    }
    return { shape: [1, 1, outputs], values: Float64Array.from(sum) };
  }

  // kernel: [rows, columns, inputs, outputs], no padding. Each input is added to the outputs that it reaches.
  function convolution(layer, x) {
    const [height, width, inputs] = x.shape;
    const [rows, columns, , outputs] = layer.shape;
    const [high, wide] = [height - rows + 1, width - columns + 1];
    const sum = new Float64Array(high * wide * outputs);
    for (let at = 0; at < sum.length; at += outputs) sum.set(layer.bias, at);
    for (let y = 0; y < height; y++)
      for (let z = 0; z < width; z++)
        for (let c = 0; c < inputs; c++) {
          const value = x.values[(y * width + z) * inputs + c];
          if (value === 0) continue;
          for (let i = Math.max(0, y - high + 1); i < rows && i <= y; i++)
            for (let j = Math.max(0, z - wide + 1); j < columns && j <= z; j++) {
              const from = ((i * columns + j) * inputs + c) * outputs;
              const to = ((y - i) * wide + (z - j)) * outputs;
              for (let o = 0; o < outputs; o++) sum[to + o] += value * layer.kernel[from + o];
            }
        }
    return { shape: [high, wide, outputs], values: sum };
  }

  // The largest of each 2x2 cell; `from` remembers where it stood, for the way back.
  function pool(x) {
    const [height, width, channels] = x.shape;
    const [high, wide] = [height >> 1, width >> 1];
    const values = new Float64Array(high * wide * channels);
    const from = new Int32Array(values.length);
    for (let y = 0; y < high; y++)
      for (let z = 0; z < wide; z++)
        for (let c = 0; c < channels; c++) {
          const to = (y * wide + z) * channels + c;
          let best = (2 * y * width + 2 * z) * channels + c;
          for (const next of [best + channels, best + width * channels, best + (width + 1) * channels])
            if (x.values[next] > x.values[best]) best = next;
          values[to] = x.values[best];
          from[to] = best;
        }
    return { shape: [high, wide, channels], values, from };
  }

  function relu(x) {
    for (let i = 0; i < x.values.length; i++) if (x.values[i] < 0) x.values[i] = 0;
    return x;
  }

  // All activations, the image first and the logits last.
  function forward(layers, image, side = 28) {
    const steps = [{ shape: [side, side, 1], values: image }];
    for (const layer of layers) {
      const x = steps[steps.length - 1];
      const out =
        layer.kind === "pool" ? pool(x) : layer.kind === "dense" ? dense(layer, x) : convolution(layer, x);
      steps.push(layer.relu ? relu(out) : out);
    }
    return steps;
  }

  const logits = (layers, image) => forward(layers, image).at(-1).values;

  function softmax(scores) {
    const top = Math.max(...scores);
    const powers = Array.from(scores, (score) => Math.exp(score - top));
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((power) => power / sum);
  }

  function denseBack(layer, x, slope) {
    const outputs = layer.shape[1];
    const back = new Float64Array(x.values.length);
    for (let i = 0; i < back.length; i++) {
      let sum = 0;
      for (let o = 0, at = i * outputs; o < outputs; o++) sum += slope[o] * layer.kernel[at + o];
      back[i] = sum;
    }
    return back;
  }

  function convolutionBack(layer, x, slope, out) {
    const [, width, inputs] = x.shape;
    const [rows, columns, , outputs] = layer.shape;
    const [high, wide] = out.shape;
    const back = new Float64Array(x.values.length);
    for (let y = 0; y < high; y++)
      for (let z = 0; z < wide; z++)
        for (let o = 0; o < outputs; o++) {
          const value = slope[(y * wide + z) * outputs + o];
          if (value === 0) continue;
          for (let i = 0; i < rows; i++)
            for (let j = 0; j < columns; j++) {
              const to = ((y + i) * width + (z + j)) * inputs;
              let from = (i * columns + j) * inputs * outputs + o;
              for (let c = 0; c < inputs; c++, from += outputs) back[to + c] += value * layer.kernel[from];
            }
        }
    return back;
  }

  // d logits[target] / d image: the chain rule, from the last layer to the first.
  function gradient(layers, image, target) {
    const steps = forward(layers, image);
    let slope = new Float64Array(steps.at(-1).values.length);
    slope[target] = 1;
    for (let k = layers.length - 1; k >= 0; k--) {
      const [layer, x, out] = [layers[k], steps[k], steps[k + 1]];
      if (layer.relu) for (let i = 0; i < slope.length; i++) if (out.values[i] <= 0) slope[i] = 0;
      if (layer.kind === "pool") {
        const back = new Float64Array(x.values.length);
        for (let i = 0; i < slope.length; i++) back[out.from[i]] += slope[i];
        slope = back;
      } else
        slope = layer.kind === "dense" ? denseBack(layer, x, slope) : convolutionBack(layer, x, slope, out);
    }
    return slope;
  }

  return { forward, logits, softmax, gradient };
})();
