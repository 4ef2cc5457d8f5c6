// Drop a file, see what was chosen, send it with a progress bar. The form stays a plain form underneath.

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

  const form = zone.closest("form[data-upload]");
  if (form) form.addEventListener("submit", (event) => send(event, form, zone));
}

// The answer is shown in place instead of loading its address a second time: messages are only said once.
function show(answer, address) {
  const page = new DOMParser().parseFromString(answer, "text/html");
  const main = document.adoptNode(page.querySelector("main"));
  document.querySelector("main").replaceWith(main);
  document.title = page.title;
  if (address && address !== location.href) {
    history.pushState(null, "", address);
    addEventListener("popstate", () => location.reload(), { once: true });
  }
  window.htmx?.process(main);
  for (const zone of main.querySelectorAll("[data-dropzone]")) prepare(zone);
  (main.querySelector("[data-error-summary]") ?? main).focus();
}

function send(event, form, zone) {
  event.preventDefault();
  const box = zone.querySelector("[data-dropzone-progress]");
  const bar = box.querySelector("progress");
  const text = box.querySelector("p");
  const buttons = form.querySelectorAll("button[type=submit]");
  const request = new XMLHttpRequest();
  const fail = (message) => {
    text.textContent = message;
    for (const button of buttons) button.disabled = false;
  };
  box.hidden = false;
  for (const button of buttons) button.disabled = true;
  request.upload.addEventListener("progress", (step) => {
    if (!step.lengthComputable) return;
    bar.value = step.loaded / step.total;
    text.textContent =
      step.loaded < step.total
        ? `${fileSize(step.loaded)} of ${fileSize(step.total)} sent`
        : "Sent. The server is storing the file.";
  });
  request.addEventListener("load", () => {
    const type = request.getResponseHeader("Content-Type") || "";
    if (type.startsWith("text/html") && request.status < 500 && request.status !== 413) {
      show(request.responseText, request.responseURL);
    } else {
      fail(`The server refused the file (${request.status}).`);
    }
  });
  request.addEventListener("error", () => fail("The connection broke. Nothing was stored; please send it again."));
  request.open("POST", form.action || location.href);
  request.send(new FormData(form));
}

for (const zone of document.querySelectorAll("[data-dropzone]")) prepare(zone);
