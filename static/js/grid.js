// The grid of numbers: live percentages, arrow keys, paste from a spreadsheet. Without it the grid is a
// form like any other.

const whole = (text) => {
  const digits = text.replace(/[,\s\u00a0]/g, "");
  return /^\d+$/.test(digits) ? Number(digits) : null;
};

function inputsOf(cell) {
  return [...cell.querySelectorAll("input:not([type=hidden])")];
}

// What the cell says about itself: its percentage, and n above N.
function read(cell) {
  const [n, d] = [cell.querySelector("[data-n]"), cell.querySelector("[data-d]")];
  const state = cell.querySelector("[data-state]");
  const share = cell.querySelector("[data-share]");
  const error = cell.querySelector("[data-error]");
  cell.toggleAttribute("data-has-state", state.value !== "");
  let wrong = "";
  if (share) {
    const [x, y] = [whole(n.value), whole(d.value)];
    share.textContent = x !== null && y !== null && y > 0 && x <= y ? `${((100 * x) / y).toFixed(1)}%` : "";
    if (x !== null && y !== null && x > y) wrong = `n (${x}) cannot be larger than N (${y}).`;
  }
  for (const input of inputsOf(cell)) {
    if (!wrong && input.value && !input.matches("[data-v]") && whole(input.value) === null) wrong = "Write a whole number, 0 or more.";
  }
  if (!wrong && state.value && inputsOf(cell).some((input) => input.value)) wrong = `Clear the number, or choose “Numbers”.`;
  error.textContent = wrong;
  cell.classList.toggle("grid-bad", Boolean(wrong));
  for (const input of inputsOf(cell)) {
    if (wrong) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  }
}

function changed(cell) {
  const [original] = cell.querySelectorAll("input[type=hidden]");
  const part = (selector) => cell.querySelector(selector)?.value.trim() ?? "";
  const now = [part("[data-state]"), part("[data-n]"), part("[data-d]"), part("[data-v]")].join("|");
  cell.classList.toggle("grid-changed", now !== original.value);
}

function cellAt(cell, row, column) {
  return cell.closest("[data-grid]").querySelector(`[data-row="${row}"][data-column="${column}"]`);
}

// A column of the spreadsheet is one number; a cell of the grid takes one or two of them.
function paste(start, text) {
  const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n").map((line) => line.split("\t"));
  const cell = start.closest("[data-cell]");
  const width = inputsOf(cell).length;
  const first = Number(cell.dataset.column) * width + inputsOf(cell).indexOf(start);
  const touched = new Set();
  lines.forEach((line, down) => {
    // "31 of 50" and "31/50" are two numbers.
    const numbers = width === 2 ? line.flatMap((part) => (/\d\s*(of|\/)\s*\d/i.test(part) ? part.split(/of|\//i) : [part])) : line;
    numbers.forEach((part, right) => {
      const place = first + right;
      const target = cellAt(cell, Number(cell.dataset.row) + down, Math.floor(place / width));
      if (!target) return;
      inputsOf(target)[place % width].value = part.trim().replace(/%$/, "");
      if (part.trim()) target.querySelector("[data-state]").value = "";
      touched.add(target);
    });
  });
  for (const target of touched) {
    read(target);
    changed(target);
    inputsOf(target)[0].dispatchEvent(new Event("input", { bubbles: true }));
  }
  return touched.size;
}

function move(input, key) {
  const cell = input.closest("[data-cell]");
  const [row, column, place] = [Number(cell.dataset.row), Number(cell.dataset.column), inputsOf(cell).indexOf(input)];
  if (key === "ArrowUp" || key === "ArrowDown" || key === "Enter") {
    const next = cellAt(cell, row + (key === "ArrowUp" ? -1 : 1), column);
    return next && inputsOf(next)[place];
  }
  const step = key === "ArrowRight" ? 1 : -1;
  const sibling = inputsOf(cell)[place + step];
  if (sibling) return sibling;
  const next = cellAt(cell, row, column + step);
  return next && inputsOf(next).at(step === 1 ? 0 : -1);
}

// The page's main part is exchanged when a form comes back with errors: listeners stay on the document.
const inGrid = (event) => event.target.closest?.("[data-grid] [data-cell]");

function begin() {
  for (const grid of document.querySelectorAll("[data-grid]")) {
    // The latest period is the one that people come for.
    grid.scrollLeft = grid.scrollWidth;
    for (const cell of grid.querySelectorAll("[data-cell]")) cell.toggleAttribute("data-has-state", cell.querySelector("[data-state]").value !== "");
  }
}
begin();
new MutationObserver(begin).observe(document.body, { childList: true });

document.addEventListener("input", (event) => {
  const cell = inGrid(event);
  if (!cell) return;
  read(cell);
  changed(cell);
});
document.addEventListener("paste", (event) => {
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!inGrid(event) || !event.target.matches("input") || !/[\t\n]|\d\s*(of|\/)\s*\d/i.test(text)) return;
  event.preventDefault();
  paste(event.target, text);
});
document.addEventListener("focusin", (event) => {
  if (inGrid(event) && event.target.matches("input")) event.target.select();
});
document.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!inGrid(event) || !input.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
  const sideways = event.key === "ArrowLeft" || event.key === "ArrowRight";
  if (!sideways && !["ArrowUp", "ArrowDown", "Enter"].includes(event.key)) return;
  // Inside a number the arrows move the caret; at its end, or with all of it selected, to the next cell.
  const all = input.selectionStart === 0 && input.selectionEnd === input.value.length;
  if (sideways && !all && input.selectionStart !== (event.key === "ArrowLeft" ? 0 : input.value.length)) return;
  const next = move(input, event.key);
  // Enter in the last row saves, as a form does.
  if (!next) return;
  event.preventDefault();
  next.focus();
});
