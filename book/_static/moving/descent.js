// Chapter 1: a model of random features, drawn at each size.
"use strict";

// data: sizes; images, as many as were fitted; validation and training error at each size, means over seeds; ends, the
// classes of the two training images; answers (sizes, points, 10), the read-out's on the way from one to the other
Moving.add("descent", (place, { sizes, images, validation, training, ends, answers }) => {
  const { draw, words } = Moving;
  const size = Moving.slider("random features", 0, sizes.length - 1, 1, 0, (k) => String(sizes[k]), show);
  const peak = sizes.indexOf(images);
  const go = (k) => () => {
    size.value = k;
    show();
  };
  const buttons = [
    ["the smallest", 0],
    ["as many as images", peak],
    ["the largest", sizes.length - 1],
  ].map(([name, k]) => Moving.button(name, go(k)));
  const OUTPUTS = [-2, 3];
  const HIGH = 260;
  const narrow = (width) => width < 560;

  function paint(svg, width) {
    const split = narrow(width) ? width : width / 2 - 8;
    errors(svg, { left: 40, right: split - 18, top: 24, bottom: HIGH - 42 });
    const [left, top] = narrow(width) ? [40, HIGH + 24] : [split + 50, 24];
    slice(svg, { left, right: width - 18, top, bottom: top + HIGH - 66 });
  }

  function errors(svg, box) {
    const x = Moving.scale([Math.log(sizes[0]), Math.log(sizes.at(-1))], [box.left, box.right]);
    const most = 1.1 * Math.max(...validation);
    const y = Moving.scale([0, most], [box.bottom, box.top]);
    const marks = [sizes[0], 200, images, sizes.at(-1)].map((value) => [Math.log(value), String(value)]);
    Moving.axis(svg, "below", x, marks, "random features", box);
    const heights = [0, 0.2, 0.4, 0.6, 0.8].filter((value) => value < most);
    Moving.axis(
      svg,
      "left",
      y,
      heights.map((value) => [value, value.toFixed(1)]),
      "error (mean over seeds)",
      box,
    );
    for (const [name, values, colour, dashes] of [
      ["validation", validation, "var(--blue)", "1 0"],
      ["training", training, "var(--orange)", "6 4"],
    ]) {
      const points = values.map((value, k) => `${x(Math.log(sizes[k]))},${y(value)}`).join(" ");
      svg.append(draw("polyline", { points, class: "curve", stroke: colour, "stroke-dasharray": dashes }));
      const last = name === "training" ? Math.min(peak, 2) : sizes.length - 2;
      svg.append(
        words(name, x(Math.log(sizes[last])), y(values[last]) - 9, {
          class: "halo",
          "text-anchor": "middle",
        }),
      );
    }
    const here = Math.log(sizes[size.value]);
    svg.append(draw("circle", { cx: x(here), cy: y(validation[size.value]), r: 8, class: "here" }));
  }

  // What the model says between two images whose labels it was given.
  function slice(svg, box) {
    const { left, right, top, bottom } = box;
    const now = answers[size.value];
    const x = Moving.scale([0, now.length - 1], [left, right]);
    const y = Moving.scale(OUTPUTS, [bottom, top]);
    Moving.axis(
      svg,
      "left",
      y,
      [-2, -1, 0, 1, 2, 3].map((v) => [v, Moving.minus(v)]),
      "output",
      box,
    );
    const inside = Moving.framed(box);
    const order = [...now[0].keys()].sort((a, b) => ends.includes(a) - ends.includes(b));
    for (const digit of order) {
      const end = ends.indexOf(digit);
      const points = now.map((outputs, i) => `${x(i)},${y(outputs[digit])}`).join(" ");
      const stroke = ["var(--pst-color-text-muted)", "var(--blue)", "var(--orange)"][end + 1];
      inside.append(
        draw("polyline", {
          points,
          stroke,
          class: end < 0 ? "other" : "curve",
          "stroke-dasharray": end > 0 ? "6 4" : "1 0",
        }),
      );
    }
    svg.append(inside);
    ends.forEach((digit, k) => {
      const [place, anchor] = k ? [right, "end"] : [left, "start"];
      svg.append(words(`an image of ${digit}`, place, bottom + 17, { "text-anchor": anchor }));
      svg.append(
        words(`for ${digit}`, place + (k ? -4 : 4), y(1) - 8, { class: "halo", "text-anchor": anchor }),
      );
    });
  }

  const picture = Moving.picture((width) => (narrow(width) ? 2 * HIGH : HIGH), paint);
  const say = Moving.lay(
    place,
    [
      "Change the size.",
      "Its error, and what this model answers on the way from one training image to another: a line for each class.",
    ],
    Moving.row(size.node),
    Moving.row(...buttons),
    picture.node,
  );

  function show() {
    const k = size.value;
    const all = answers[k].flat();
    const range = [Math.min(...all), Math.max(...all)].map((value) => Moving.minus(value.toFixed(1)));
    picture.say(
      `Error against size, with the chosen size marked; and ten lines between an image of ${ends[0]} and one of ` +
        `${ends[1]}.`,
    );
    picture.redraw();
    say(
      `${sizes[k]} features for ${images} images: training error ${training[k].toFixed(2)}, validation error ` +
        `${validation[k].toFixed(2)}. Labels are 0 and 1; on the way the outputs go from ${range[0]} to ${range[1]}.`,
    );
  }
  show();
});
