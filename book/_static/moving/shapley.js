// Chapter 8: the table of a three-player game, for the reader to fill.
"use strict";

const Shapley = {
  ORDERS: [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ],

  // worth: of the coalitions by their number, player i being in if bit i is set; worth[0] is 0. What each of the
  // players adds in each order: rows of three.
  rises: (worth) =>
    Shapley.ORDERS.map((order) => {
      const rise = [];
      let inside = 0;
      for (const player of order) {
        rise[player] = worth[inside | (1 << player)] - worth[inside];
        inside |= 1 << player;
      }
      return rise;
    }),

  values: (worth) =>
    [0, 1, 2].map((player) => Shapley.rises(worth).reduce((sum, rise) => sum + rise[player], 0) / 6),
};

// data: names of the three players, worth of the eight coalitions
Moving.add("shapley", (place, { names, worth: first }) => {
  const { make, draw, words, told } = Moving;
  const worth = first.slice();
  const players = [0, 1, 2];
  const COLOURS = ["var(--blue)", "var(--orange)", "var(--green)"];
  const members = (coalition) => players.filter((i) => coalition & (1 << i)).map((i) => names[i]);

  // ---------------------------------------------------------------- the game

  const LISTED = [1, 2, 4, 3, 5, 6, 7];
  const worths = LISTED.map((coalition) => {
    const field = Moving.number(members(coalition).join(" + "), -999, 999, 1, worth[coalition], () => {
      worth[coalition] = field.value;
      if (all) fill(6);
      else show();
    });
    return field;
  });
  const play = (game) => {
    LISTED.forEach((coalition, i) => (worths[i].value = worth[coalition] = game(coalition)));
    fill(1);
  };
  const size = (coalition) => members(coalition).length;
  const games = Moving.row(
    Moving.button("the taxi", () => play((coalition) => first[coalition])),
    Moving.button("worth something only all together", () =>
      play((coalition) => (size(coalition) === 3 ? 12 : 0)),
    ),
    Moving.button(`${names[0]} changes nothing`, () => play((coalition) => 6 * (coalition >> 1))),
    Moving.button("any two will do", () => play((coalition) => (size(coalition) >= 2 ? 12 : 0))),
  );

  // ---------------------------------------------------------------- the table

  const cells = Shapley.ORDERS.map((order) =>
    players.map((player) => {
      const field = make("input", { type: "number", inputMode: "decimal", step: "any" });
      field.setAttribute(
        "aria-label",
        `${names[player]} adds, in the order ${order.map((i) => names[i]).join(", ")}`,
      );
      field.addEventListener("input", () => {
        all = false;
        show();
      });
      const mark = make("span", { className: "verdict" });
      return { field, mark };
    }),
  );
  const means = players.map(() => make("td"));
  const table = Moving.table(
    "What each adds",
    ["order", ...names],
    [
      ...Shapley.ORDERS.map((order, row) => [
        order.map((i) => names[i]).join(", "),
        ...cells[row].map(({ field, mark }) => make("td", {}, field, mark)),
      ]),
      ["mean of the six", ...means],
    ],
  );
  table.classList.add("filled");
  // the first rows, as an example; all of them, which then follow the worths
  let all = false;
  function fill(count) {
    all = count === 6;
    const rises = Shapley.rises(worth);
    cells.forEach((row, i) =>
      row.forEach(({ field }, player) => (field.value = i < count ? String(rises[i][player]) : "")),
    );
    show();
  }
  const buttons = Moving.row(
    Moving.button("Fill in the rest", () => fill(6)),
    Moving.button("Empty it", () => fill(0)),
  );

  // ---------------------------------------------------------------- the shares, as one bar

  const bars = Moving.picture(106, (svg, width) => {
    const values = Shapley.values(worth);
    const most = Math.max(1e-9, ...values.map(Math.abs), ...players.map((i) => Math.abs(worth[1 << i])));
    const lowest = Math.min(0, ...values, ...players.map((i) => worth[1 << i]));
    const left = 56;
    const x = Moving.scale([lowest, most], [left, width - 60]);
    players.forEach((player) => {
      const y = 6 + 29 * player;
      const [value, alone] = [values[player], worth[1 << player]];
      svg.append(words(names[player], 0, y + 16));
      if (known())
        svg.append(
          draw("rect", {
            x: Math.min(x(0), x(value)),
            y,
            width: Math.abs(x(value) - x(0)),
            height: 22,
            fill: COLOURS[player],
          }),
          words(told(value), Math.max(x(0), x(value)) + 6, y + 16, { class: "halo" }),
        );
      if (!player) svg.append(words("bar: Shapley value, |: worth alone", left, 102));
      svg.append(draw("line", { x1: x(alone), x2: x(alone), y1: y - 3, y2: y + 25, class: "alone" }));
    });
    svg.append(draw("line", { x1: x(0), x2: x(0), y1: 0, y2: 90, class: "line" }));
  });

  const say = Moving.lay(
    place,
    [
      "Fill the table.",
      "In each order, what does each add on entering? The worths are yours to change, too.",
    ],
    games,
    make(
      "fieldset",
      { className: "worths" },
      make("legend", { textContent: "What each coalition is worth" }),
      ...worths.map(({ node }) => node),
    ),
    table,
    buttons,
    bars.node,
  );

  const filled = () => cells.flat().filter(({ field }) => field.value !== "");
  const wrong = () => cells.flat().filter(({ mark }) => mark.classList.contains("wrong"));
  const known = () => filled().length === 18 && wrong().length === 0;

  function show() {
    const rises = Shapley.rises(worth);
    cells.forEach((row, i) =>
      row.forEach(({ field, mark }, player) => {
        const right = Math.abs(Number(field.value) - rises[i][player]) < 0.006;
        mark.className = `verdict ${field.value === "" ? "" : right ? "right" : "wrong"}`;
        if (field.value === "") field.removeAttribute("aria-invalid");
        else field.setAttribute("aria-invalid", String(!right));
      }),
    );
    const values = Shapley.values(worth);
    means.forEach((cell, player) => (cell.textContent = known() ? told(values[player]) : "?"));
    bars.say(
      known() ? `Bars: ${values.map((v, i) => `${names[i]} ${told(v)}`).join(", ")}.` : "Bars, still empty.",
    );
    bars.redraw();
    say(known() ? found(values) : progress());
  }

  function progress() {
    const [done, errors] = [filled().length, wrong().length];
    if (!done)
      return `Nothing is filled in. In each row, whoever enters first adds what they are worth alone.`;
    return `${done} of 18 filled in, ${errors ? `${errors} of them wrong` : "all of them right"}.`;
  }

  // What the axioms say, of this game.
  function found(values) {
    const told_of = [
      `The Shapley values are ${values.map((v, i) => `${told(v)} for ${names[i]}`).join(", ")}; ` +
        `they add up to ${told(values.reduce((a, b) => a + b))}, and all together are worth ${told(worth[7])}.`,
    ];
    const rises = Shapley.rises(worth);
    players
      .filter((i) => rises.every((rise) => Math.abs(rise[i]) < 1e-9))
      .forEach((i) => told_of.push(`${names[i]} changes nothing in any order, and gets nothing.`));
    for (const [i, j] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ]) {
      const other = 1 << (3 - i - j);
      if (worth[1 << i] === worth[1 << j] && worth[other | (1 << i)] === worth[other | (1 << j)])
        told_of.push(`${names[i]} and ${names[j]} may be exchanged, and get the same.`);
    }
    return told_of.join(" ");
  }

  fill(1);
});
