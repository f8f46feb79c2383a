// Chapter 1: what N parameters and D examples cost.
"use strict";

const Cost = {
  YEAR: 365 * 24 * 3600,

  // The chapter's counts. speed: operations that one device really does in a second; price: of an hour of it.
  of: (parameters, examples, speed, price) => {
    const operations = 6 * parameters * examples;
    const seconds = operations / speed;
    return {
      operations,
      forward: 2 * parameters,
      weights: 4 * parameters,
      gradients: 4 * parameters,
      averages: 8 * parameters,
      bytes: 16 * parameters,
      seconds,
      years: seconds / Cost.YEAR,
      price: (seconds / 3600) * price,
    };
  },
};

// data: networks, {name: [parameters, examples or 0 if it is not said]}
Moving.add("cost", (place, data) => {
  const { make, draw, words, told } = Moving;
  const [SIZES, EXAMPLES] = [
    [4, 13],
    [3, 14],
  ];
  const log = (told) => (power) => told(10 ** power);
  const size = Moving.slider("parameters N", ...SIZES, "any", 6, log(told), show);
  const examples = Moving.slider("examples or tokens D", ...EXAMPLES, "any", 6, log(told), show);
  const speed = Moving.slider(
    "one device does",
    8,
    16,
    0.1,
    14,
    (power) => `${told(10 ** power)} operations a second`,
    show,
  );
  const memory = Moving.number("and holds, in GB", 0, 100000, "any", 80, show);
  const price = Moving.number("an hour of it costs", 0, 1000, 0.1, 2, show);

  const networks = Object.entries(data.networks).map(([name, [parameters, of]]) =>
    Moving.button(name, () => {
      size.value = Math.log10(parameters);
      if (of) examples.value = Math.log10(of);
      show();
    }),
  );

  const ROWS = [
    ["operations for one example, forward", "2N", ({ forward }) => told(forward)],
    ["operations to train", "6ND", ({ operations }) => told(operations)],
    ["memory to train: weights, gradients, Adam", "4N + 4N + 8N", ({ bytes }) => Moving.bytes(bytes)],
    ["devices that hold these", "16N / memory", ({ devices }) => (devices ? told(devices) : "?")],
    ["time on one device", "6ND / speed", ({ seconds }) => duration(seconds)],
    ["price, however many share the work", "hours × price", ({ price }) => told(price)],
  ];
  const values = ROWS.map(() => make("td"));
  const table = Moving.table(
    "The chapter's counts",
    ["what", "formula", "here"],
    ROWS.map(([name, formula], i) => [name, formula, values[i]]),
  );

  function duration(seconds) {
    const units = [
      ["years", Cost.YEAR],
      ["days", 86400],
      ["hours", 3600],
      ["minutes", 60],
    ];
    const [name, length] = units.find(([, length]) => seconds >= length) ?? ["seconds", 1];
    return `${told(seconds / length)} ${name}`;
  }

  const area = (width, height) => ({ left: 46, right: width - 12, top: 24, bottom: height - 42 });
  const scales = (box) => [
    Moving.scale(SIZES, [box.left, box.right]),
    Moving.scale(EXAMPLES, [box.bottom, box.top]),
  ];
  const powers = ([from, to], step) =>
    Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
  const raised = (power) => `10${[...String(power)].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;

  // The plane of N and D: on a line that falls, every point costs the same time.
  function paint(svg, width, height) {
    const box = area(width, height);
    const [x, y] = scales(box);
    const step = width < 500 ? 3 : 1;
    const marks = (range) => powers(range, step).map((power) => [power, raised(power)]);
    Moving.axis(svg, "below", x, marks(SIZES), "parameters N", box);
    Moving.axis(
      svg,
      "left",
      y,
      powers(EXAMPLES, 2).map((power) => [power, raised(power)]),
      "examples D",
      box,
    );
    const times = [
      ["a second", 1],
      ["a day", 86400],
      ["a year", Cost.YEAR],
      ["a thousand years", 1000 * Cost.YEAR],
    ];
    for (const [name, seconds] of times) {
      const whole = Math.log10((seconds * 10 ** speed.value) / 6); // log N + log D
      const from = Math.max(SIZES[0], whole - EXAMPLES[1]);
      const to = Math.min(SIZES[1], whole - EXAMPLES[0]);
      if (to - from < 0.5) continue;
      const ends = { x1: x(from), y1: y(whole - from), x2: x(to), y2: y(whole - to) };
      svg.append(draw("line", { ...ends, class: "line", "stroke-dasharray": "5 4" }));
      const at = from + (to - from) / 6;
      const left = Math.min(x(at) + 5, box.right - 7 * name.length);
      svg.append(words(name, left, Math.max(box.top + 12, y(whole - at) - 2), { class: "halo" }));
    }
    for (const [name, [parameters, of]] of Object.entries(data.networks)) {
      if (!of) continue;
      const [left, top] = [x(Math.log10(parameters)), y(Math.log10(of))];
      svg.append(draw("circle", { cx: left, cy: top, r: 4, fill: "var(--blue)" }));
      svg.append(words(name, left - 8, top - 8, { class: "halo", "text-anchor": "end" }));
    }
    svg.append(draw("circle", { cx: x(size.value), cy: y(examples.value), r: 9, class: "here" }));
  }
  const plane = Moving.picture(
    (width) => (width < 500 ? 300 : 340),
    paint,
    (left, top, width) => {
      const box = area(width, width < 500 ? 300 : 340);
      const [x, y] = scales(box);
      const within = (value, [from, to]) => Math.min(to, Math.max(from, value));
      size.value = within(x.back(left), SIZES);
      examples.value = within(y.back(top), EXAMPLES);
      show();
    },
  );

  const say = Moving.lay(
    place,
    [
      "What would it cost?",
      "Choose a network, move N and D, or point into the plane. Where it is not said on how many examples a network was trained, D stays as it is. Set the device to yours.",
    ],
    Moving.row(...networks),
    Moving.row(size.node, examples.node),
    Moving.row(speed.node, memory.node, price.node),
    plane.node,
    table,
  );

  function show() {
    const [N, D] = [10 ** size.value, 10 ** examples.value];
    const cost = Cost.of(N, D, 10 ** speed.value, Math.max(0, price.value));
    cost.devices =
      memory.value > 0 && Math.max(1, Math.ceil((1 - 1e-9) * (cost.bytes / (1e9 * memory.value))));
    ROWS.forEach(([, , of], i) => (values[i].textContent = of(cost)));
    plane.say(
      "A plane of parameters and examples, both logarithmic. Along lines that fall, the time on one device is the same.",
    );
    plane.redraw();
    const devices =
      cost.devices === 1
        ? "one device"
        : cost.devices
          ? `${told(cost.devices)} devices`
          : "devices that hold something";
    say(
      `${told(N)} parameters and ${told(D)} examples take ${told(cost.operations)} operations: ` +
        `${duration(cost.seconds)} on one device, or a price of ${told(cost.price)}. ` +
        `Training holds ${Moving.bytes(cost.bytes)}, which takes ${devices}, before any activation.`,
    );
  }
  networks[0].click();
});
