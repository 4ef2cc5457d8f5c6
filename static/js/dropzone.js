// Drop a file and see what was chosen. The form stays a plain form underneath; upload.js sends it in parts.

const UNITS = ["B", "kB", "MB", "GB"];

function fileSize(bytes) {
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(unit > 1 ? 1 : 0)} ${UNITS[unit]}`;
}

function prepare(zone) {
  const input = zone.querySelector("input[type=file]");
  const chosen = zone.querySelector("[data-dropzone-file]");

  const describe = () => {
    const file = input.files[0];
    chosen.hidden = !file;
    chosen.textContent = file ? `${file.name}, ${fileSize(file.size)}` : "";
  };
  input.addEventListener("change", describe);
  describe();

  for (const name of ["dragenter", "dragover"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      zone.dataset.over = "";
    });
  }
  for (const name of ["dragleave", "drop"]) {
    zone.addEventListener(name, (event) => {
      event.preventDefault();
      delete zone.dataset.over;
    });
  }
  zone.addEventListener("drop", (event) => {
    if (event.dataTransfer.files.length !== 1) {
      chosen.hidden = false;
      chosen.textContent = "One file at a time, please.";
      return;
    }
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

for (const zone of document.querySelectorAll("[data-dropzone]")) prepare(zone);
