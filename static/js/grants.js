// The grid of a financial report: a column or block pasted from a spreadsheet fills the fields below and beside.
// Without it the grid is a form like any other, and "Paste or upload all lines" does the same.

const grid = document.querySelector("[data-money-grid]");

function rows() {
  return [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]).filter((inputs) => inputs.length);
}

function paste(event) {
  const input = event.target.closest("input");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!input || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const table = rows();
  const first = table.findIndex((inputs) => inputs.includes(input));
  const column = table[first].indexOf(input);
  const lines = text.replace(/\r/g, "").replace(/\n+$/, "").split("\n");
  lines.forEach((line, down) => {
    line.split("\t").forEach((part, right) => {
      const target = table[first + down]?.[column + right];
      if (!target) return;
      target.value = part.trim();
      target.dispatchEvent(new Event("input", { bubbles: true }));
    });
  });
}

if (grid) grid.addEventListener("paste", paste);
