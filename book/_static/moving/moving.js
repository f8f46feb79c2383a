// What the figures that move share. A figure's own script names it with Moving.add; its values stand in the page.
"use strict";

const Moving = (() => {
  const built = {};
  let count = 0;

  function make(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // An element of a picture: attributes, as SVG has no properties to speak of.
  function draw(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  // ---------------------------------------------------------------- inputs

  // Each has a node to be placed, and a value to be read and set. `moved` is called when the reader changes it.
  function input(label, properties, moved, told) {
    const id = `moving-${++count}`;
    const field = make("input", { id, ...properties });
    const shown = make("span", { className: "value" });
    const node = make(
      "div",
      { className: "control" },
      make("label", { htmlFor: id, textContent: label }),
      field,
    );
    if (told) node.append(shown);
    const show = () => {
      if (!told) return;
      shown.textContent = told(Number(field.value));
      field.setAttribute("aria-valuetext", shown.textContent);
    };
    field.addEventListener("input", () => {
      show();
      moved();
    });
    show();
    return {
      node,
      field,
      get value() {
        return Number(field.value);
      },
      set value(value) {
        field.value = value;
        show();
      },
    };
  }

  // told(value): what is shown beside the slider, and said in place of its bare number
  const slider = (label, min, max, step, value, told, moved) =>
    input(label, { type: "range", min, max, step, value }, moved, told);

  const number = (label, min, max, step, value, moved) =>
    input(label, { type: "number", min, max, step, value, inputMode: "decimal" }, moved);

  // One of a few: options are [value, words].
  function choice(legend, options, value, moved) {
    const name = `moving-${++count}`;
    const radios = options.map(([of, words]) => {
      const radio = make("input", { type: "radio", name, value: of, checked: of === value });
      radio.addEventListener("change", moved);
      return make("label", {}, radio, ` ${words}`);
    });
    const node = make("fieldset", {}, make("legend", { textContent: legend }), ...radios);
    return {
      node,
      get value() {
        return node.querySelector(":checked").value;
      },
      set value(of) {
        for (const radio of node.querySelectorAll("input")) radio.checked = radio.value === of;
      },
    };
  }

  function button(words, pressed) {
    const node = make("button", { type: "button", textContent: words });
    node.addEventListener("click", pressed);
    return node;
  }

  // head: words of the columns; rows: the first of each is its name, the others words or cells
  function table(caption, head, rows) {
    const line = (...cells) => make("tr", {}, ...cells);
    const titles = head.map((text) => make("th", { scope: "col", textContent: text }));
    const lines = rows.map(([name, ...cells]) =>
      line(
        make("th", { scope: "row", textContent: name }),
        ...cells.map((cell) => (cell instanceof Node ? cell : make("td", { textContent: cell }))),
      ),
    );
    return make(
      "table",
      {},
      make("caption", { textContent: caption }),
      make("thead", {}, line(...titles)),
      make("tbody", {}, ...lines),
    );
  }

  // ---------------------------------------------------------------- pictures

  // A picture as wide as its place, so that its letters keep their size on a phone. paint(svg, width) draws it anew.
  // at(x, y), if given, is told where the reader points: with a mouse that is drawn, or by a touch, which may scroll.
  function picture(height, paint, at) {
    const svg = draw("svg", { role: "img" });
    const node = make("div", { className: "picture" }, svg);
    const high = (width) => (typeof height === "function" ? height(width) : height);
    const redraw = () => {
      const width = Math.max(240, node.clientWidth);
      svg.setAttribute("viewBox", `0 0 ${width} ${high(width)}`);
      svg.setAttribute("height", high(width));
      svg.replaceChildren();
      paint(svg, width, high(width));
    };
    let before = 0;
    new ResizeObserver(() => {
      if (node.clientWidth !== before) redraw();
      before = node.clientWidth;
    }).observe(node);
    if (at) {
      const tell = (event) => {
        const box = svg.getBoundingClientRect();
        at(event.clientX - box.left, event.clientY - box.top, Math.max(240, node.clientWidth));
      };
      svg.classList.add("pointed");
      svg.addEventListener("click", tell);
      svg.addEventListener("pointermove", (event) => {
        if (event.buttons && event.pointerType === "mouse") tell(event);
      });
    }
    return { node, svg, redraw, say: (words) => svg.setAttribute("aria-label", words) };
  }

  // from [a, b] to [c, d]
  const scale = ([a, b], [c, d]) => {
    const to = (value) => c + ((value - a) / (b - a)) * (d - c);
    to.back = (place) => a + ((place - c) / (d - c)) * (b - a);
    return to;
  };

  const words = (text, x, y, attributes = {}) => {
    const element = draw("text", { x, y, ...attributes });
    element.textContent = text;
    return element;
  };

  // A part of a picture that is cut off at its frame.
  const framed = ({ left, right, top, bottom }) => {
    const [width, height] = [right - left, bottom - top];
    return draw("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` });
  };

  // An axis below (or left of) a picture: marks are [value, words].
  function axis(svg, side, to, marks, name, box) {
    for (const [value, text] of marks) {
      const place = to(value);
      if (side === "below") {
        svg.append(draw("line", { x1: place, x2: place, y1: box.top, y2: box.bottom, class: "grid" }));
        svg.append(words(text, place, box.bottom + 17, { "text-anchor": "middle" }));
      } else {
        svg.append(draw("line", { x1: box.left, x2: box.right, y1: place, y2: place, class: "grid" }));
        svg.append(words(text, box.left - 6, place + 4, { "text-anchor": "end" }));
      }
    }
    if (side === "below")
      svg.append(words(name, (box.left + box.right) / 2, box.bottom + 36, { "text-anchor": "middle" }));
    else svg.append(words(name, box.left, box.top - 8));
  }

  // ---------------------------------------------------------------- numbers in words

  const SCALES = [
    [1e12, "trillion"],
    [1e9, "billion"],
    [1e6, "million"],
  ];
  const POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

  // Two digits after the first: 175 billion, 3.15 × 10²³, 0.042
  function told(value) {
    if (value === 0) return "0";
    if (value < 0) return `−${told(-value)}`;
    if (value >= 9.995e14 || value < 1e-3) {
      const power = Math.floor(Math.log10(value) + 1e-9);
      const raised = [...String(Math.abs(power))].map((digit) => POWERS[digit]).join("");
      return `${(value / 10 ** power).toFixed(2)} × 10${power < 0 ? "⁻" : ""}${raised}`;
    }
    for (const [large, name] of SCALES)
      if (value >= large) return `${Number((value / large).toPrecision(3))} ${name}`;
    if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en");
    return String(Number(value.toPrecision(3)));
  }

  // 407 KB, 24.9 GB
  function bytes(value) {
    const names = ["bytes", "KB", "MB", "GB", "TB"];
    const step = value < 1 ? 0 : Math.min(4, Math.floor(Math.log10(value) / 3 + 1e-9));
    return `${told(value / 1000 ** step)} ${names[step]}`;
  }

  // A number with a minus in place of the hyphen.
  const minus = (value) => String(value).replace("-", "−");

  const signed = (value, digits = 2) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;

  // ---------------------------------------------------------------- where figures stand

  const add = (name, build) => (built[name] = build);

  // The place of a figure: what it is about, what the reader moves, what is seen, and that in words.
  function lay(place, about, ...nodes) {
    const title = make("p", { className: "about", id: `moving-${++count}` });
    title.append(make("strong", { textContent: `${about[0]} ` }), about[1]);
    const said = make("p", { className: "said" });
    said.setAttribute("role", "status");
    place.replaceChildren(title, ...nodes, said);
    place.setAttribute("role", "group");
    place.setAttribute("aria-labelledby", title.id);
    return (text) => {
      if (said.textContent !== text) said.textContent = text;
    };
  }

  window.addEventListener("DOMContentLoaded", () => {
    for (const place of document.querySelectorAll(".moving[data-figure]")) {
      built[place.dataset.figure]?.(place, JSON.parse(place.dataset.values));
      place.classList.add("moves");
    }
    // On the way back to a page a browser fills in its inputs as they were left, and tells no script.
    const fields = [...document.querySelectorAll(".moving input")].map((field) => [
      field,
      field.value,
      field.checked,
    ]);
    window.addEventListener("pageshow", ({ persisted }) => {
      if (persisted) return; // kept whole
      for (const [field, value, checked] of fields)
        if (field.type === "radio") {
          if (field.checked && !checked) field.dispatchEvent(new Event("change"));
        } else if (field.value !== value) field.dispatchEvent(new Event("input"));
    });
  });

  const row = (...nodes) => make("div", { className: "controls" }, ...nodes);
  return {
    add,
    lay,
    row,
    make,
    draw,
    words,
    slider,
    number,
    choice,
    button,
    table,
    picture,
    scale,
    framed,
    axis,
    told,
    bytes,
    minus,
    signed,
  };
})();
