// Chapter 10: the probability that is asked of the network, and the answer that each applicant gets for it.
"use strict";

const Threshold = {
  // The first weight whose row reaches more than was asked for, or -1: the chapter's annealing.
  first: (probabilities, asked) => probabilities.findIndex((probability) => probability > asked),

  // What changes, in units of each feature.
  changes: (before, after, units) => after.map((value, j) => (value - before[j]) / units[j]),
};

// data: features, units (MADs), weights; people: each {before, answers: {name: {rows, asked, rule, same, fresh}}} with a
// value of these for each weight: the row, its probability, whether the rule grants it, and how many of `judges` other
// networks do, from the same rows and from fresh ones
Moving.add("threshold", (place, { features, units, people, judges }) => {
  const { draw, words, told } = Moving;
  const names = Object.keys(people[0].answers);
  const percent = (value) => value.toFixed(2);
  const asked = Moving.slider("probability asked for", 0.5, 0.99, 0.01, 0.5, percent, show);
  const who = Moving.slider("applicant", 1, people.length, 1, 1, (k) => `${k} of ${people.length}`, show);
  const held = Moving.choice(
    "held",
    names.map((name) => [name, name.replace(" held", "")]),
    names[0],
    show,
  );
  const distance = (changes) => changes.reduce((sum, change) => sum + Math.abs(change), 0);
  let now = null;

  // ---------------------------------------------------------------- left: distance and probability; right: what changes

  const narrow = (width) => width < 560;
  const HIGH = 250;
  function paint(svg, width) {
    const split = narrow(width) ? width : width / 2 - 12;
    curve(svg, { left: 40, right: split - 8, top: 24, bottom: HIGH - 42 });
    const top = narrow(width) ? HIGH + 8 : 0;
    bars(svg, narrow(width) ? 0 : split + 24, top, width);
  }

  function curve(svg, box) {
    const { answer, at, far } = now;
    const most = Math.max(1, ...far) * 1.05;
    const x = Moving.scale([0, most], [box.left, box.right]);
    const y = Moving.scale([0, 1], [box.bottom, box.top]);
    const step = most > 8 ? 4 : most > 4 ? 2 : 1;
    const marks = Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => [i * step, String(i * step)]);
    Moving.axis(svg, "below", x, marks, "distance (MADs)", box);
    Moving.axis(
      svg,
      "left",
      y,
      [0, 0.5, 1].map((p) => [p, p.toFixed(1)]),
      "network's probability",
      box,
    );
    const height = y(asked.value);
    svg.append(draw("line", { x1: box.left, x2: box.right, y1: height, y2: height, class: "asked" }));
    svg.append(words("asked for", box.right, height + 15, { class: "halo", "text-anchor": "end" }));
    const points = far.map((d, i) => [x(d), y(answer.asked[i])]);
    svg.append(draw("polyline", { points: points.map((point) => point.join()).join(" "), class: "line" }));
    points.forEach(([cx, cy], i) => {
      if (i !== at)
        svg.append(draw("circle", { cx, cy, r: 4.5, class: answer.rule[i] ? "granted" : "refused" }));
    });
    if (at >= 0) svg.append(draw("circle", { cx: points[at][0], cy: points[at][1], r: 8, class: "here" }));
  }

  function bars(svg, left, top, width) {
    const { changes, before, after } = now;
    const [from, to] = [left + 110, width - 96];
    const most = Math.max(0.5, ...now.largest) * 1.05;
    const x = Moving.scale([-most, most], [from, to]);
    svg.append(words("what changes, in MADs", left, top + 14));
    features.forEach((name, j) => {
      const y = top + 26 + 27 * j;
      const fixed = now.fixed[j];
      svg.append(words(name, left, y + 14, fixed ? { class: "faint" } : {}));
      const ends = [x(0), x(changes[j])].sort((a, b) => a - b);
      const fill = changes[j] > 0 ? "var(--orange)" : "var(--blue)";
      svg.append(draw("rect", { x: ends[0], y, width: ends[1] - ends[0], height: 19, fill }));
      const moved = Math.abs(changes[j]) > 1e-6;
      const text = moved ? `${told(before[j])} → ${told(after[j])}` : fixed ? "held" : told(before[j]);
      svg.append(words(text, width, y + 14, { "text-anchor": "end", class: fixed ? "faint" : "" }));
    });
    const [y1, y2] = [top + 24, top + 26 + 27 * features.length];
    svg.append(draw("line", { x1: x(0), x2: x(0), y1, y2, class: "line" }));
  }

  const picture = Moving.picture((width) => (narrow(width) ? 2 * HIGH : HIGH), paint);
  const say = Moving.lay(
    place,
    [
      "Raise the threshold.",
      "Each dot is what one weight of the search finds; the first above the line is the answer. Filled: the rule grants it, too.",
    ],
    Moving.row(asked.node, who.node, held.node),
    picture.node,
  );

  function show() {
    const { before, answers } = people[who.value - 1];
    const answer = answers[held.value];
    const at = Threshold.first(answer.asked, asked.value);
    const every = answer.rows.map((row) => Threshold.changes(before, row, units));
    const after = at < 0 ? before : answer.rows[at];
    const changes = Threshold.changes(before, after, units);
    const largest = every.flat().map(Math.abs);
    const fixed = features.map((name) => held.value.includes(name));
    now = { answer, at, before, after, changes, largest, fixed, far: every.map(distance) };
    picture.say(
      "Probability against distance for what the search finds; and a bar for each thing that the answer changes.",
    );
    picture.redraw();
    if (at < 0)
      return say(`Asked for ${percent(asked.value)}: no weight of the search reaches it for this applicant.`);
    const moved = features.flatMap((name, j) =>
      Math.abs(changes[j]) > 1e-6 ? [`${name} ${told(before[j])} to ${told(after[j])}`] : [],
    );
    say(
      `Asked for ${percent(asked.value)}, the answer has ${percent(answer.asked[at])}, ` +
        `${told(distance(changes))} MADs away: ${moved.join(", ")}. Of ${judges} networks from the same rows ` +
        `${answer.same[at]} grant it, of ${judges} from new applicants ${answer.fresh[at]}. ` +
        `The rule ${answer.rule[at] ? "grants" : "refuses"} it.`,
    );
  }
  show();
});
