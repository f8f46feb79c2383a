/* What the theme leaves undone for a reader who uses no mouse, or who hears the page. */
window.addEventListener("load", () => {
  const all = (selector, change) => document.querySelectorAll(selector).forEach(change);

  // What is heard must hold the words that are seen. Without their label these are named by what they show.
  all("details.hide > summary, .search-button-field", (e) => e.removeAttribute("aria-label"));
  all(".toggle-button", (button) => {
    const title = button.parentElement.textContent.trim();
    const name = () => button.setAttribute("aria-label", `${button.dataset.toggleHint}: ${title}`);
    new MutationObserver(name).observe(button, { attributeFilter: ["data-toggle-hint"] });
    name();
  });

  // Boxes to tick on paper; and a role that is no longer in use.
  all(".task-list-item-checkbox", (e) => e.setAttribute("aria-hidden", "true"));
  all("[role=doc-biblioentry]", (e) => e.setAttribute("role", "listitem"));

  // What scrolls takes the focus, so that the arrow keys scroll it. The theme looks at code and outputs alone, and
  // before what is folded has a size.
  const boxes = "article pre, .cell_output > .output, .wide-table, .pst-scrollable-table-container";
  const look = (box) => {
    const scrolls = box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight;
    box.tabIndex = scrolls ? 0 : -1;
    const names = { role: "group", "aria-label": "Table, scrolls sideways" };
    for (const [name, value] of Object.entries(names)) {
      if (scrolls && box.querySelector("table")) box.setAttribute(name, value);
      else box.removeAttribute(name);
    }
  };
  const sizes = new ResizeObserver((changes) => new Set(changes.map((c) => c.target.closest(boxes))).forEach(look));
  all(boxes, (box) => [box, ...box.children].forEach((e) => sizes.observe(e)));
});
