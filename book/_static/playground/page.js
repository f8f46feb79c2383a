// The page "Draw a digit": what the reader does, and what follows from it.
"use strict";

(() => {
  const SIDE = 28;
  const root = document.getElementById("playground");
  if (!root || typeof HANDED_OUT === "undefined") return; // without networks the page's text says so

  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const bytesOf = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

  // float16 to numbers; the arithmetic goes on in single and double precision
  function halves(text) {
    const bits = new Uint16Array(bytesOf(text).buffer);
    return Float64Array.from(bits, (h) => {
      const [exponent, fraction] = [(h >> 10) & 31, h & 1023];
      const size = exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024);
      return h & 0x8000 ? -size : size;
    });
  }

  const TRAINED = HANDED_OUT.networks.map(({ name, layers }) => ({
    name,
    layers: layers.map((layer) =>
      layer.kind === "pool"
        ? { kind: "pool" }
        : { ...layer, kernel: halves(layer.kernel), bias: halves(layer.bias) },
    ),
  }));
  const pixels = bytesOf(HANDED_OUT.digits.pixels);
  const DIGITS = HANDED_OUT.digits.labels.map((label, i) => ({
    label,
    image: Float64Array.from(pixels.subarray(784 * i, 784 * (i + 1)), (value) => value / 255),
  }));
  // For the control: weights drawn anew, as Keras draws them before training (Glorot and Bengio 2010)
  const draw = Explain.random(7);
  const RANDOM = TRAINED.map(({ name, layers }) => ({
    name,
    layers: layers.map((layer) => {
      if (!layer.kernel) return layer;
      const [outputs, inputs] = [layer.shape.at(-1), layer.shape.at(-2)];
      const reach = layer.shape.slice(0, -2).reduce((a, b) => a * b, 1);
      const limit = Math.sqrt(6 / (reach * (inputs + outputs)));
      return {
        ...layer,
        kernel: layer.kernel.map(() => limit * (2 * draw() - 1)),
        bias: layer.bias.map(() => 0),
      };
    }),
  }));

  const state = { image: DIGITS[0].image, what: "", networks: TRAINED, patch: [13, 13], filter: 0 };
  const largest = (values) => values.indexOf(Math.max(...values));
  const two = (value) => value.toFixed(2).replace("-", "−");

  // ---------------------------------------------------------------- drawing

  const canvas = find("draw");
  const ink = canvas.getContext("2d", { willReadFrequently: true });
  let last = null;

  function clear() {
    ink.fillStyle = "#fff";
    ink.fillRect(0, 0, canvas.width, canvas.height);
  }

  function line(event) {
    const box = canvas.getBoundingClientRect();
    const here = [
      ((event.clientX - box.left) / box.width) * canvas.width,
      ((event.clientY - box.top) / box.height) * canvas.height,
    ];
    Object.assign(ink, { lineWidth: canvas.width / 11, lineCap: "round", strokeStyle: "#000" });
    ink.beginPath();
    ink.moveTo(...(last ?? here));
    ink.lineTo(here[0] + 0.01, here[1]); // a line of no length would leave nothing: a tap is a dot
    ink.stroke();
    last = here;
  }

  // A slow machine hands over several points of a quick curve at once.
  function stroke(event) {
    const points = event.getCoalescedEvents?.() ?? [];
    (points.length ? points : [event]).forEach(line);
    const { data } = ink.getImageData(0, 0, canvas.width, canvas.height);
    const dark = new Uint8Array(canvas.width * canvas.height);
    for (let i = 0; i < dark.length; i++) dark[i] = data[4 * i] < 128;
    show(Digit.place(Digit.scan(dark, canvas.width)), "your drawing");
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary) return; // a second finger
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(event);
  });
  canvas.addEventListener("pointermove", (event) => event.isPrimary && event.buttons && stroke(event));
  find("clear").addEventListener("click", () => {
    clear();
    show(new Float64Array(SIDE * SIDE), "an empty image");
  });

  let picked = DIGITS[0];
  find("digit").addEventListener("change", pick);
  find("another").addEventListener("click", pick);
  const kind = ({ label }) => `${label === 8 ? "an" : "a"} ${label} from the test images`;
  function pick() {
    const wanted = Number(find("digit").value);
    const those = DIGITS.filter((digit) => digit.label === wanted);
    picked = those[(those.indexOf(picked) + 1) % those.length];
    clear();
    show(picked.image, kind(picked));
  }

  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  const move = (key) => show(Digit.shift(state.image, ...MOVES[key]), `moved, ${key.slice(5).toLowerCase()}`);
  find("seen").addEventListener("keydown", (event) => {
    if (!MOVES[event.key]) return;
    event.preventDefault();
    move(event.key);
  });
  for (const key of Object.keys(MOVES)) find(key).addEventListener("click", () => move(key));

  // ---------------------------------------------------------------- answers

  function paint(canvas, values, colour) {
    const context = canvas.getContext("2d");
    const side = Math.round(Math.sqrt(values.length));
    [canvas.width, canvas.height] = [side, side];
    const picture = context.createImageData(side, side);
    values.forEach((value, i) => picture.data.set([...colour(value), 255], 4 * i));
    context.putImageData(picture, 0, 0);
  }
  const grey = (value) => Array(3).fill(Math.round(255 * (1 - Math.min(1, Math.max(0, value)))));

  function show(image, what) {
    Object.assign(state, { image, what });
    find("seen").setAttribute("aria-label", `What the networks see: ${what}`);
    paint(find("seen"), image, grey);
    const said = state.networks.map(({ name, layers }, k) => {
      const shares = Network.softmax(Network.logits(layers, image));
      const best = largest(shares);
      root.querySelectorAll(`[data-bars="${k}"] i`).forEach((bar, digit) => {
        bar.style.height = `${Math.max(2, 100 * shares[digit])}%`;
        bar.classList.toggle("best", digit === best);
      });
      const text = `${best} (${(100 * shares[best]).toFixed(0)} %)`;
      find(`answer-${k}`).textContent = text;
      return `${name}: ${text}`;
    });
    find("said").textContent = said.join(". ");
    later(look);
  }

  // The slower things wait until the reader pauses.
  const waiting = new Map();
  function later(work) {
    clearTimeout(waiting.get(work));
    waiting.set(work, setTimeout(work, 60));
  }

  // ---------------------------------------------------------------- pruning and rounding

  // How many of the test digits each network has right. In slices, between which the page answers: the reader may
  // have gone on to other weights by then.
  let next = null;
  function count() {
    clearTimeout(next);
    const right = state.networks.map(() => 0);
    let asked = 0;
    (function slice() {
      const end = performance.now() + 20;
      for (; asked < DIGITS.length && performance.now() < end; asked++) {
        const { image, label } = DIGITS[asked];
        state.networks.forEach(({ layers }, k) => {
          right[k] += largest(Array.from(Network.logits(layers, image))) === label;
        });
      }
      const share = (n) => (asked < DIGITS.length ? "…" : `${((100 * n) / DIGITS.length).toFixed(0)} %`);
      right.forEach((n, k) => (find(`right-${k}`).textContent = share(n)));
      if (asked < DIGITS.length) next = setTimeout(slice);
    })();
  }

  function compress() {
    const share = Number(find("pruned").value) / 100;
    const bits = Number(root.querySelector('input[name="bits"]:checked').value);
    state.networks = TRAINED.map(({ name, layers }) => ({
      name,
      layers: Compress.round(Compress.prune(layers, share), bits),
    }));
    state.networks.forEach(({ layers }, k) => {
      find(`bytes-${k}`).textContent = `${(Compress.bytes(layers, bits) / 1024).toFixed(1)} KB`;
    });
    show(state.image, state.what);
    count();
  }
  // what stands beside a slider, and is said in place of its bare number
  function beside(name, text) {
    find(`${name}-value`).textContent = text;
    find(name).setAttribute("aria-valuetext", text);
  }
  const tell = () => beside("pruned", `${find("pruned").value} %`);
  find("pruned").addEventListener("input", () => {
    tell();
    later(compress);
  });
  root.querySelectorAll('input[name="bits"]').forEach((bit) => bit.addEventListener("change", compress));

  // ---------------------------------------------------------------- where does it look?

  // white at 0, red for, blue against
  const signed = (value) => {
    const pale = Math.round(255 * (1 - Math.min(1, Math.abs(value))));
    return value > 0 ? [255 - (255 - pale) / 4, pale, pale] : [pale, pale, 255 - (255 - pale) / 4];
  };

  function look() {
    const random = find("random").checked;
    const networks = random ? RANDOM : state.networks;
    const [method, cell, fill] = ["method", "cell", "fill"].map((name) => find(name).value);
    const maps = networks.map(({ layers }) => {
      const chosen = find("class").value;
      const target =
        chosen === "" ? largest(Array.from(Network.logits(layers, state.image))) : Number(chosen);
      const [image, size, value] = [state.image, Number(cell), Number(fill)];
      if (method === "gradient") return { target, map: Network.gradient(layers, image, target) };
      if (method === "path") return { target, ...Explain.integratedGradients(layers, image, target, value) };
      if (method === "lime") return { target, map: Explain.lime(layers, image, target, size, value) };
      return { target, map: Explain.occlusion(layers, image, target, size, value) };
    });
    const most = Math.max(1e-12, ...maps.flatMap(({ map }) => Array.from(map, Math.abs)));
    maps.forEach(({ map, target, gap }, k) => {
      paint(
        find(`map-${k}`),
        Array.from(map, (value) => value / most),
        signed,
      );
      const sum = map.reduce((a, b) => a + b, 0);
      find(`told-${k}`).textContent =
        `${random ? "random weights, " : ""}for ${target}; ` +
        (gap === undefined
          ? `largest ${two(Math.max(...Array.from(map, Math.abs)))}`
          : `the pixels add up to ${two(sum)}, the logit's gain is ${two(sum - gap)}`);
    });
    root.querySelectorAll("[data-about]").forEach((about) => (about.hidden = about.dataset.about !== method));
    beside("fill", `${two(Number(fill))}${fill === "0" ? ", white" : fill === "1" ? ", black" : ""}`);
    find("cell").disabled = method === "gradient" || method === "path";
    find("fill").disabled = method === "gradient";
    inside();
  }
  for (const name of ["method", "class", "cell", "fill", "random"])
    find(name).addEventListener("input", () => later(look));

  // ---------------------------------------------------------------- inside the convolutional network

  const CNN = TRAINED.findIndex(({ layers }) => layers[0].kind === "convolution");

  function inside() {
    const layers = state.networks[CNN].layers;
    const map = Network.forward(layers.slice(0, 1), state.image)[1];
    const filters = map.shape[2];
    const of = (filter) =>
      Array.from({ length: map.values.length / filters }, (_, i) => map.values[i * filters + filter]);
    const most = Math.max(1e-12, ...map.values);
    root.querySelectorAll("[data-filter]").forEach((button, filter) => {
      paint(
        button.firstElementChild,
        of(filter).map((value) => value / most),
        grey,
      );
      button.setAttribute("aria-pressed", String(filter === state.filter));
    });
    const [row, column] = state.patch;
    find("row").value = row;
    find("column").value = column;
    paint(find("near"), state.image, grey);
    const share = (pixels) => `${(100 * pixels) / SIDE}%`;
    Object.assign(find("frame").style, {
      top: share(row),
      left: share(column),
      width: share(3),
      height: share(3),
    });
    let sum = layers[0].bias[state.filter];
    const lines = [0, 1, 2].map((i) =>
      [0, 1, 2].map((j) => {
        const pixel = state.image[(row + i) * SIDE + column + j];
        const weight = layers[0].kernel[(i * 3 + j) * filters + state.filter];
        sum += pixel * weight;
        return `${two(pixel)} × ${two(weight)}`;
      }),
    );
    find("patch").replaceChildren(
      ...lines.map((cells) => {
        const line = document.createElement("tr");
        line.append(
          ...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })),
        );
        return line;
      }),
    );
    find("sum").textContent =
      `Added up, with the bias ${two(layers[0].bias[state.filter])}: ${two(sum)}; after ReLU, which sets what is ` +
      `negative to 0: ${two(Math.max(0, sum))}. That is the pixel of filter ${state.filter + 1}'s map in row ${row}, ` +
      `column ${column}.`;
  }
  const within = (value) => Math.min(SIDE - 3, Math.max(0, Math.round(value)));
  for (const [k, name] of ["row", "column"].entries())
    find(name).addEventListener("input", () => {
      if (find(name).value === "") return; // about to be typed
      state.patch[k] = within(Number(find(name).value));
      inside();
    });
  function point(event) {
    const box = event.target.getBoundingClientRect();
    state.patch = [
      within(((event.clientY - box.top) / box.height) * SIDE - 1.5),
      within(((event.clientX - box.left) / box.width) * SIDE - 1.5),
    ];
    inside();
  }
  // a tap is no move
  for (const name of ["seen", "near"])
    for (const kind of ["pointermove", "pointerdown"]) find(name).addEventListener(kind, point);
  root.querySelectorAll("[data-filter]").forEach((button, filter) =>
    button.addEventListener("click", () => {
      state.filter = filter;
      inside();
    }),
  );

  // What the inputs say is what is shown. On the way back to a page a browser fills them in as they were, and tells
  // no script before `pageshow`.
  function start() {
    const wanted = Number(find("digit").value);
    if (picked.label !== wanted) picked = DIGITS.find(({ label }) => label === wanted);
    Object.assign(state, { image: picked.image, what: kind(picked) });
    state.patch = ["row", "column"].map((name) => within(Number(find(name).value)));
    tell();
    compress();
  }
  const filled = () =>
    [...root.querySelectorAll("input, select")].map((e) => (e.checked ? "on " : "") + e.value).join();

  root.hidden = false;
  clear();
  find("digit").value = DIGITS[0].label;
  for (const [k, name] of ["row", "column"].entries()) find(name).value = state.patch[k];
  start();
  const first = filled();
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted && filled() !== first) start();
  });
  Object.assign(window, { playground: { TRAINED, DIGITS, RANDOM } }); // for the tests, and for curious readers
})();
