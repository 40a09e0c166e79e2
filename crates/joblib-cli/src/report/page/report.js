"use strict";
// Tables are sorted by the buttons that their headings become.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const ascending = head.getAttribute("aria-sort") !== "ascending";
      for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const value = (row) => {
        const cell = row.cells[head.cellIndex];
        const number = Number(cell.dataset.v ?? cell.textContent);
        return Number.isNaN(number) ? cell.textContent : number;
      };
      const sign = ascending ? 1 : -1;
      const keyed = Array.from(body.rows, (row) => [value(row), row]);
      keyed.sort(([a], [b]) =>
        sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b))));
      body.replaceChildren(...keyed.map(([, row]) => row));
    });
  }
}

// The timeline is zoomed by buttons, by the keys + - 0 and the arrows, and by the wheel with Ctrl.
const lanes = document.getElementById("lanes");
const drawings = lanes.querySelectorAll("svg.lane");
const end = Number(lanes.dataset.end);
let left = 0;
let width = 1000;
function show() {
  width = Math.min(1000, Math.max(0.001, width));
  left = Math.min(1000 - width, Math.max(0, left));
  for (const drawing of drawings) {
    drawing.setAttribute("viewBox", `${left} 0 ${width} ${drawing.getAttribute("height")}`);
  }
  const text = (at) => `${((at / 1000) * end).toPrecision(4)} s`;
  document.getElementById("from").textContent = text(left);
  document.getElementById("to").textContent = text(left + width);
}
function zoom(factor, at = 0.5) {
  const middle = left + at * width;
  width = Math.min(1000, Math.max(0.001, width * factor));
  left = middle - at * width;
  show();
}
const actions = {
  "+": () => zoom(0.5),
  "-": () => zoom(2),
  "0": () => { left = 0; width = 1000; show(); },
  "ArrowLeft": () => { left -= width / 4; show(); },
  "ArrowRight": () => { left += width / 4; show(); },
};
const bar = document.createElement("div");
bar.className = "zoom";
for (const [key, label] of [["+", "Zoom in (+)"], ["-", "Zoom out (-)"], ["ArrowLeft", "Earlier (←)"], ["ArrowRight", "Later (→)"], ["0", "Whole run (0)"]]) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", actions[key]);
  bar.append(button);
}
lanes.before(bar);
lanes.addEventListener("keydown", (event) => {
  const action = actions[event.key === "=" ? "+" : event.key];
  if (action && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    action();
  }
});
lanes.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  const place = lanes.getBoundingClientRect();
  zoom(event.deltaY < 0 ? 0.8 : 1.25, (event.clientX - place.left) / place.width);
}, { passive: false });
document.documentElement.dataset.script = "ready";
