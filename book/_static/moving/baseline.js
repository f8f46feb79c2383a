// Chapter 9: one image and its map, from a baseline that the reader moves.
"use strict";

const Baseline = {
  // The part of the sign's pixels among as many that rank highest, equals in the order that helps neither side more.
  found: (map, sign) => {
    const count = sign.filter(Boolean).length;
    const [on, off] = [true, false].map((of) => map.filter((_, i) => Boolean(sign[i]) === of));
    // each pixel of the sign: how many rank above it, and how many are its equals
    const all = [...on, ...off];
    return (
      on.reduce((sum, value) => {
        const above = all.filter((other) => other > value).length;
        const equal = all.filter((other) => other === value).length;
        return sum + Math.min(1, Math.max(0, (count - above) / equal));
      }, 0) / count
    );
  },

  // The two that a path multiplies, each without the other.
  end: (slope, image, level) => slope.map((value, i) => value * (image[i] - level)),
  way: (image, level) => image.map((value) => Math.abs(value - level)),
};

// data: side, and flat images: image, slope (the gradient at it), sign and distractor (1 where it lies); levels of grey,
// and for each the map from there, and by how much its sum misses the change of the evidence
Moving.add("baseline", (place, { side, image, slope, sign, distractor, levels, maps, missed }) => {
  const { draw, words, told, signed } = Moving;
  const last = levels.length - 1;
  const level = Moving.slider("baseline", 0, last, 1, last / 2, (k) => named(levels[k]), show);
  const method = Moving.choice(
    "map",
    [
      ["path", "Integrated Gradients"],
      ["end", "gradient × way"],
      ["way", "way alone"],
    ],
    "path",
    show,
  );
  function named(grey) {
    const name = grey === 0 ? "black, " : grey === 1 ? "white, " : grey === 0.5 ? "mid-grey, " : "";
    return name + grey.toFixed(2);
  }

  const mapped = (k) => {
    if (method.value === "path") return maps[k];
    if (method.value === "end") return Baseline.end(slope, image, levels[k]);
    return Baseline.way(image, levels[k]);
  };
  const total = (values) => values.reduce((a, b) => a + b, 0);

  const GAP = 16;
  const wide = (width) => Math.min(260, (width - GAP) / 2);
  function paint(svg, width) {
    const size = wide(width);
    const map = mapped(level.value);
    const most = Math.max(1e-12, ...map.map(Math.abs));
    const pixel = size / side;
    const cell = (i, left, fill, opacity) =>
      draw("rect", {
        x: left + (i % side) * pixel,
        y: 22 + Math.floor(i / side) * pixel,
        width: pixel,
        height: pixel,
        fill,
        opacity,
        "shape-rendering": "crispEdges",
      });
    const grey = (value) =>
      `rgb(${Array(3)
        .fill(Math.round(255 * value))
        .join()})`;
    const right = size + GAP;
    image.forEach((value, i) => svg.append(cell(i, 0, grey(value), 1)));
    svg.append(draw("rect", { x: right, y: 22, width: size, height: size, fill: "#fff" }));
    map.forEach((value, i) =>
      svg.append(cell(i, right, value > 0 ? "#b2182b" : "#2166ac", Math.min(1, Math.abs(value) / most))),
    );
    for (const left of [0, right]) {
      frame(svg, sign, left, pixel, "6 0");
      frame(svg, distractor, left, pixel, "3 3");
    }
    svg.append(words("the image", 0, 14), words("its map", right, 14));
    const ground = levels[level.value];
    svg.append(
      draw("rect", { x: 0, y: size + 32, width: 34, height: 20, fill: grey(ground), class: "edge" }),
      words("its baseline", 42, size + 47),
    );
  }
  function frame(svg, part, left, pixel, dashes) {
    const at = part.flatMap((on, i) => (on ? [i] : []));
    const [rows, columns] = [at.map((i) => Math.floor(i / side)), at.map((i) => i % side)];
    const [top, from] = [Math.min(...rows), Math.min(...columns)];
    svg.append(
      draw("rect", {
        x: left + from * pixel,
        y: 22 + top * pixel,
        width: (Math.max(...columns) + 1 - from) * pixel,
        height: (Math.max(...rows) + 1 - top) * pixel,
        class: "frame",
        "stroke-dasharray": dashes,
      }),
    );
  }

  const picture = Moving.picture((width) => wide(width) + 56, paint);
  const say = Moving.lay(
    place,
    [
      "Move the baseline.",
      "Red speaks for the class, blue against; the scale is each map's own. Square: the sign; dotted: the distractor.",
    ],
    Moving.row(level.node),
    Moving.row(method.node),
    picture.node,
  );

  function show() {
    const [k, map] = [level.value, mapped(level.value)];
    const count = total(sign);
    const dark = image.flatMap((value, i) => (sign[i] && value < 0.5 ? [i] : []));
    const speaking = dark.filter((i) => map[i] > 0).length;
    const parts = [
      `Baseline ${named(levels[k])}: of the ${count} highest pixels ${told(count * Baseline.found(map, sign))} lie on ` +
        `the sign.`,
    ];
    if (method.value === "way") parts.push("No network was asked.");
    else parts.push(`Of the sign's ${dark.length} dark pixels ${speaking} speak for the class.`);
    if (method.value === "path")
      parts.push(
        `All pixels add up to ${signed(total(map))}; the evidence changes by ${signed(total(map) - missed[k])} from ` +
          `the baseline to the image.`,
      );
    picture.say("An image of dark and bright pixels, and beside it the map of what speaks for its class.");
    picture.redraw();
    say(parts.join(" "));
  }
  show();
});
