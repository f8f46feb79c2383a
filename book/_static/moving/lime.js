// Chapter 7: a point, the variations around it, their weights, and LIME's plane.
"use strict";

const Lime = {
  // The planted rule: the answer's log-odds rise with x2 by the first of `steep` where the gate is not above 0, by the
  // second where it is.
  rule: (steep, [gate, x2]) => 1 / (1 + Math.exp(-steep[gate > 0 ? 1 : 0] * x2)),

  nearness: (distance, width) => Math.exp(-(distance ** 2) / (2 * width ** 2)),

  // The chapter's weighted ridge regression, for points (n, 2): the slopes, the height in the middle, and R squared.
  plane: (points, answers, weights, penalty) => {
    const all = weights.reduce((a, b) => a + b);
    const mean = (of) => weights.reduce((sum, weight, i) => sum + weight * of(i), 0) / all;
    const middle = [mean((i) => points[i][0]), mean((i) => points[i][1])];
    const height = mean((i) => answers[i]);
    let [a, b, c, p, q] = [penalty, 0, penalty, 0, 0]; // [[a, b], [b, c]] slopes = [p, q]
    points.forEach((point, i) => {
      const [u, v, answer] = [point[0] - middle[0], point[1] - middle[1], answers[i] - height];
      a += weights[i] * u * u;
      b += weights[i] * u * v;
      c += weights[i] * v * v;
      p += weights[i] * u * answer;
      q += weights[i] * v * answer;
    });
    const size = a * c - b * b;
    const slopes = [(c * p - b * q) / size, (a * q - b * p) / size];
    const at = ([x, y]) => height + slopes[0] * (x - middle[0]) + slopes[1] * (y - middle[1]);
    const missed = mean((i) => (answers[i] - at(points[i])) ** 2);
    return { slopes, at, all, fit: 1 - missed / mean((i) => (answers[i] - height) ** 2) };
  },
};

// data: cloud (n, 2), the variations without the point; point; widths, the chapter's; steep, see Lime.rule
Moving.add("lime", (place, { cloud, point: [gate0, x20], widths, steep }) => {
  const { draw, words, told, signed } = Moving;
  const ENDS = [-2.5, 2.5];
  const two = (value) => signed(value);
  const gate = Moving.slider("gate of the star", ...ENDS, 0.05, gate0, two, show);
  const x2 = Moving.slider("its x2", ...ENDS, 0.05, x20, two, show);
  const width = Moving.slider(
    "kernel width",
    -1.1,
    0.9,
    "any",
    Math.log10(widths[1]),
    (power) => told(10 ** power),
    show,
  );
  const penalty = Moving.choice(
    "penalty",
    [
      ["1", "1, the library's"],
      ["0", "0"],
    ],
    "1",
    show,
  );
  const chosen = widths.map((of) =>
    Moving.button(`width ${of}`, () => {
      width.value = Math.log10(of);
      show();
    }),
  );
  const answers = cloud.map((each) => Lime.rule(steep, each));

  const side = (width) => Math.min(width - 50, 400);
  const box = (width) => ({ left: 40, right: 40 + side(width), top: 24, bottom: 24 + side(width) });
  const scales = ({ left, right, top, bottom }) => [
    Moving.scale(ENDS, [left, right]),
    Moving.scale(ENDS, [bottom, top]),
  ];
  let fitted = null;

  function paint(svg, width) {
    const area = box(width);
    const [x, y] = scales(area);
    const { left, right, top, bottom } = area;
    const inside = Moving.framed(area);
    const STRIPES = 40;
    for (let i = 0; i < STRIPES; i++)
      for (const half of [0, 1]) {
        const value = ENDS[0] + ((i + 0.5) * (ENDS[1] - ENDS[0])) / STRIPES;
        const likely = Lime.rule(steep, [half - 0.5, value]);
        const high = (bottom - top) / STRIPES;
        inside.append(
          draw("rect", {
            x: half ? x(0) : left,
            y: bottom - (i + 1) * high,
            width: (right - left) / 2,
            height: high,
            "shape-rendering": "crispEdges",
            fill: likely > 0.5 ? "var(--orange)" : "var(--blue)",
            opacity: 0.55 * Math.abs(2 * likely - 1),
          }),
        );
      }
    fitted.weights.slice(1).forEach((weight, i) => {
      if (cloud[i].some((value) => Math.abs(value) > ENDS[1])) return;
      const [cx, cy] = [x(cloud[i][0]), y(cloud[i][1])];
      inside.append(draw("circle", { cx, cy, r: 1, opacity: 0.5 }));
      if (weight > 0.01) inside.append(draw("circle", { cx, cy, r: 5 * Math.sqrt(weight), class: "dot" }));
    });
    levels(inside, x, y);
    svg.append(
      inside,
      draw("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "line" }),
    );
    const marks = [-2, -1, 0, 1, 2].map((value) => [value, Moving.minus(value)]);
    for (const [value, text] of marks) {
      svg.append(words(text, x(value), bottom + 17, { "text-anchor": "middle" }));
      svg.append(words(text, left - 6, y(value) + 4, { "text-anchor": "end" }));
    }
    svg.append(
      words("gate", (left + right) / 2, bottom + 34, { "text-anchor": "middle" }),
      words("x2", left - 24, top - 8),
    );
    svg.append(draw("path", { d: star(x(gate.value), y(x2.value), 12), class: "here" }));
  }

  // The plane's contour lines, a tenth apart.
  function levels(inside, x, y) {
    const { slopes, at } = fitted;
    const [steepest, low] = [Math.hypot(...slopes), at([0, 0])];
    if (steepest < 1e-9) return;
    const [u, v] = slopes.map((slope) => slope / steepest); // the way up; (-v, u) runs along a line
    const reach = 2.5 * Math.SQRT2;
    for (let k = Math.ceil((low - reach * steepest) * 10); k <= (low + reach * steepest) * 10; k++) {
      const far = (k / 10 - low) / steepest;
      // from where to where the line is inside the frame
      let [from, to] = [-5, 5];
      for (const [start, way] of [
        [u * far, -v],
        [v * far, u],
      ]) {
        if (Math.abs(way) < 1e-9) continue;
        const cut = ENDS.map((end) => (end - start) / way).sort((a, b) => a - b);
        [from, to] = [Math.max(from, cut[0]), Math.min(to, cut[1])];
      }
      if (from >= to) continue;
      const [[x1, y1], [x2, y2]] = [from, to].map((t) => [x(u * far - v * t), y(v * far + u * t)]);
      inside.append(draw("line", { x1, y1, x2, y2, class: "level" }));
      const foot = [u * far, v * far];
      if (k % 2 === 0 && foot.every((value) => Math.abs(value) < 2.3))
        inside.append(
          words(Moving.minus((k / 10).toFixed(1)), x(foot[0]), y(foot[1]) + 4, {
            class: "halo",
            "text-anchor": "middle",
          }),
        );
    }
  }

  const star = (x, y, size) =>
    Array.from({ length: 10 }, (_, k) => {
      const [turn, far] = [(k * Math.PI) / 5, k % 2 ? size * 0.45 : size];
      return `${k ? "L" : "M"}${x + far * Math.sin(turn)},${y - far * Math.cos(turn)}`;
    }).join("") + "Z";

  const picture = Moving.picture(
    (width) => side(width) + 66,
    paint,
    (left, top, width) => {
      const [x, y] = scales(box(width));
      gate.value = x.back(left);
      x2.value = y.back(top);
      show();
    },
  );
  const say = Moving.lay(
    place,
    [
      "Move the star.",
      "Orange: the rule calls it likely; blue: unlikely. Dots: variations, as large as their weight. Lines: the plane, a tenth apart.",
    ],
    Moving.row(...chosen, width.node, penalty.node),
    Moving.row(gate.node, x2.node),
    picture.node,
  );

  function show() {
    const here = [gate.value, x2.value];
    const wide = 10 ** width.value;
    const points = [here, ...cloud];
    const weights = points.map(([a, b]) => Lime.nearness(Math.hypot(a - here[0], b - here[1]), wide));
    const likely = Lime.rule(steep, here);
    fitted = { weights, ...Lime.plane(points, [likely, ...answers], weights, Number(penalty.value)) };
    const truth = steep[here[0] > 0 ? 1 : 0] * likely * (1 - likely);
    const [along, up] = fitted.slopes;
    picture.say(
      "The rule in four quadrants, the variations sized by their weight around the star, and the plane's contour lines.",
    );
    picture.redraw();
    say(
      `Width ${told(wide)}: the weights of ${points.length} points add up to ${told(fitted.all)}. ` +
        `For a step of x2 the plane changes by ${signed(up)}; at the star the rule changes by ${signed(truth)}. ` +
        `For a step of the gate the plane changes by ${signed(along)}; the rule does not, but at the border. ` +
        `R squared ${fitted.fit.toFixed(2)}.`,
    );
  }
  show();
});
