// A guess before the figure. Without this script every figure is open and the options are a list.
"use strict";

window.addEventListener("DOMContentLoaded", () => {
  // Some browsers give a page from a folder no memory: then a guess lasts as long as the page.
  const memory = {
    get: (key) => {
      try {
        return localStorage.getItem(`course ${key}`);
      } catch {
        return null;
      }
    },
    set: (key, value) => {
      try {
        localStorage.setItem(`course ${key}`, value);
      } catch {
        // nothing is kept
      }
    },
    forget: (key) => {
      try {
        localStorage.removeItem(`course ${key}`);
      } catch {
        // nothing was kept
      }
    },
  };
  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const WAIVED = "waived";

  const cells = [...document.querySelectorAll("article .cell")];
  const questions = [...document.querySelectorAll(".prediction")].map((place) => {
    const { claim, right, value } = place.dataset;
    const options = [...place.querySelectorAll("li")].map((item) => [item.textContent, item.dataset.why]);
    // the first figure after the question
    const after = cells.slice(cells.indexOf(place.closest(".cell")) + 1);
    const still = after.findIndex((cell) => cell.querySelector("img"));
    const figure = after[still]?.querySelector(".cell_output");
    // and the one that moves, before the next figure: it would tell as much
    const next = after.slice(still + 1).find((cell) => cell.querySelector("img, .moving"));
    const moving = next?.querySelector(".moving") ? next : null;
    const told = make("p", { className: "told" });
    told.setAttribute("role", "status");

    function open() {
      figure?.classList.remove("waits");
      moving?.classList.remove("waits-too");
      figure?.previousElementSibling?.classList.contains("waits-here") &&
        figure.previousElementSibling.remove();
    }
    function fold() {
      if (!figure || figure.classList.contains("waits")) return;
      figure.classList.add("waits");
      moving?.classList.add("waits-too");
      figure.before(
        make("p", { className: "waits-here", textContent: "The figure opens after your guess above." }),
      );
    }
    function answer(chosen) {
      memory.set(claim, chosen);
      given = chosen;
      open();
      skip.hidden = true;
      if (chosen === WAIVED) return;
      const [, why] = options[chosen];
      const hit = chosen === right;
      const also = hit ? [] : [` ${options[right][1]}`];
      told.replaceChildren(
        make("strong", { textContent: hit ? "Right. " : `No: ${options[right][0]}. ` }),
        why,
        ...also,
        " ",
        make("a", { href: `#claim-${claim}`, textContent: `Measured here: ${value}.` }),
      );
      for (const radio of place.querySelectorAll("input")) {
        radio.parentElement.classList.toggle("right", radio.value === right);
        radio.parentElement.classList.toggle("wrong", radio.value === chosen && !hit);
      }
    }

    const skip = make("button", { type: "button", textContent: "Show without a guess" });
    skip.addEventListener("click", () => {
      answer(WAIVED);
      // the button is gone: what has come of it is said, and takes its focus
      told.textContent = "Shown below, without a guess.";
      told.tabIndex = -1;
      told.focus();
    });
    // With the arrow keys a reader goes through the options, which chooses each: it is no guess before Enter or Space.
    let [given, arrow] = [null, false];
    place.addEventListener("keydown", ({ key, target }) => {
      arrow = key.startsWith("Arrow");
      if (given === null && target.checked && (key === " " || key === "Enter")) answer(target.value);
    });
    place.addEventListener("keyup", () => (arrow = false));
    const choices = options.map(([text], k) => {
      const radio = make("input", { type: "radio", name: `guess-${claim}`, value: k });
      // a click on what an arrow key has chosen changes nothing, and is a guess
      for (const kind of ["change", "click"])
        radio.addEventListener(kind, () => {
          if (!arrow || given !== null) answer(String(k));
          else told.textContent = "Enter or the space bar makes this your guess.";
        });
      return make("label", {}, radio, ` ${text}`);
    });
    // Half of the questions begin with the highest value, so that the place of an option tells nothing.
    if ([...claim].reduce((sum, sign) => sum + sign.charCodeAt(0), 0) % 2) choices.reverse();
    const legend = make("legend", {}, make("strong", { textContent: "Your guess: " }));
    legend.append(place.querySelector("p").textContent);
    place.replaceChildren(make("fieldset", {}, legend, ...choices), skip, told);

    const before = memory.get(claim);
    if (before === null) fold();
    else if (options[before]) {
      place.querySelector(`input[value="${before}"]`).checked = true;
      answer(before);
    } else answer(WAIVED);
    return { open, fold, figure, asked: () => memory.get(claim) === null };
  });

  // One switch for those who would rather read on.
  if (questions.length) {
    const button = make("button", { type: "button", className: "open-all", textContent: "Open all figures" });
    const set = (all) => {
      memory.set("open all", all);
      button.setAttribute("aria-pressed", String(all));
      for (const question of questions)
        if (all) question.open();
        else if (question.asked()) question.fold();
    };
    button.addEventListener("click", () => set(button.getAttribute("aria-pressed") !== "true"));
    document.querySelector("article h1").after(button);
    set(memory.get("open all") === "true");
    // a link may lead to what is folded
    const target = document.querySelector(location.hash.replace(/[^#\w-]/g, "") || null);
    for (const question of questions) if (target && question.figure?.contains(target)) question.open();
  }

  // The page that counts.
  const rows = [...document.querySelectorAll("[data-guess]")];
  if (rows.length) {
    const forget = make("button", { type: "button", className: "forget", textContent: "Forget all guesses" });
    forget.addEventListener("click", () => {
      for (const { dataset } of rows) memory.forget(dataset.guess);
      count();
      forget.focus();
    });
    document.querySelector("[data-guesses-of]").closest("section").querySelector("p").after(forget);
    count();
    window.addEventListener("pageshow", count); // a browser may have kept the page as it was before other guesses
  }
  function count() {
    for (const row of rows) {
      const given = memory.get(row.dataset.guess);
      const said =
        given === null
          ? "not yet"
          : given === WAIVED
            ? "no guess"
            : given === row.dataset.right
              ? "right"
              : "wrong";
      row.textContent = said;
      row.dataset.said = said;
    }
    for (const sum of document.querySelectorAll("[data-guesses-of]")) {
      const all = [...document.querySelectorAll(`[data-part="${sum.dataset.guessesOf}"]`)].map(
        (row) => row.dataset.said,
      );
      const [hits, misses] = ["right", "wrong"].map((what) => all.filter((said) => said === what).length);
      const made = hits + misses;
      sum.textContent = `${hits} right of ${made} guess${made === 1 ? "" : "es"}; ${all.length} questions.`;
    }
  }
});
