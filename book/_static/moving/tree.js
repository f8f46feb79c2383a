// Chapter 6: one patient goes through the tree.
"use strict";

const Tree = {
  // The nodes that a patient passes, from the root to a leaf. feature: -1 at a leaf.
  path: ({ feature, threshold, left, right }, values) => {
    const passed = [0];
    while (feature[passed.at(-1)] >= 0) {
      const node = passed.at(-1);
      passed.push(values[feature[node]] <= threshold[node] ? left[node] : right[node]);
    }
    return passed;
  },
};

// data: tree, scikit-learn's arrays: feature, threshold, left, right, malignant (the share of the class at each node),
// patients at each node; names of the features; low and high, their ends; patients, {name: the row}
Moving.add("tree", (place, { tree, names, low, high, patients }) => {
  const { make } = Moving;
  const told = (value) => String(Number(value.toPrecision(4)));
  const used = [...new Set(tree.feature.filter((j) => j >= 0))];
  const first = Object.values(patients)[0];
  const sliders = used.map((j) => Moving.slider(names[j], low[j], high[j], "any", first[j], told, show));
  const chosen = Object.entries(patients).map(([name, row]) =>
    Moving.button(name, () => {
      used.forEach((j, k) => (sliders[k].value = row[j]));
      show();
    }),
  );

  // The tree as nested lists: each question, and below it what follows from either answer.
  const items = [];
  const share = (node) => `${(100 * tree.malignant[node]).toFixed(0)} % of ${tree.patients[node]} malignant`;
  function branch(node, condition) {
    const j = tree.feature[node];
    const text = make("span", {}, condition);
    if (j < 0) {
      const answer = tree.malignant[node] > 0.5 ? "malignant" : "benign";
      text.append(make("strong", { textContent: answer }), ` (${share(node)})`);
    }
    const item = make("li", {}, text);
    items[node] = item;
    if (j >= 0) {
      const limit = told(tree.threshold[node]);
      item.append(
        make(
          "ul",
          {},
          branch(
            tree.left[node],
            `${names[j]} at most ${limit}${tree.feature[tree.left[node]] < 0 ? ": " : ""}`,
          ),
          branch(
            tree.right[node],
            `${names[j]} above ${limit}${tree.feature[tree.right[node]] < 0 ? ": " : ""}`,
          ),
        ),
      );
    }
    return item;
  }
  const list = make("ul", { className: "tree" }, branch(0, `all training patients (${share(0)})`));
  const say = Moving.lay(
    place,
    ["Send a patient through the tree.", "Move a measurement, and see where the answer turns."],
    Moving.row(...chosen),
    Moving.row(...sliders.map(({ node }) => node)),
    list,
  );

  function show() {
    const values = [];
    used.forEach((j, k) => (values[j] = sliders[k].value));
    const passed = Tree.path(tree, values);
    items.forEach((item, node) => {
      const on = passed.includes(node);
      item.classList.toggle("passed", on);
      if (on) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    });
    const steps = passed.slice(0, -1).map((node) => {
      const j = tree.feature[node];
      const above = values[j] > tree.threshold[node];
      return `${names[j]}, ${told(values[j])}, is ${above ? "above" : "at most"} ${told(tree.threshold[node])}`;
    });
    const leaf = passed.at(-1);
    const [yes, no] = tree.malignant[leaf] > 0.5 ? ["malignant", "benign"] : ["benign", "malignant"];
    const unasked = used.filter((j) => !passed.some((node) => tree.feature[node] === j));
    // the smallest step over one limit of the path that turns the answer
    const turns = passed.slice(0, -1).flatMap((node) => {
      const j = tree.feature[node];
      const other = values.slice();
      other[j] = values[j] > tree.threshold[node] ? tree.threshold[node] : tree.threshold[node] + 1e-9;
      const end = Tree.path(tree, other).at(-1);
      return tree.malignant[end] > 0.5 === tree.malignant[leaf] > 0.5
        ? []
        : [`${names[j]} alone at ${told(tree.threshold[node])}`];
    });
    say(
      `${steps.join("; ")}: ${yes}. ` +
        (turns.length
          ? `The answer turns to ${no} with ${turns.join(", or ")}. `
          : `No step over one of these limits turns it. `) +
        (unasked.length ? `The tree never asked for ${unasked.map((j) => names[j]).join(" or ")}.` : ""),
    );
  }
  show();
});
