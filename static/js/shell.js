// What every page needs beyond HTML and CSS. Each part works on what is there now and on what htmx brings later.

// ---- colours ----
function storedTheme() {
  try {
    return localStorage.getItem("theme") || "";
  } catch {
    return "";
  }
}

function setTheme(theme) {
  try {
    if (theme) localStorage.setItem("theme", theme);
    else localStorage.removeItem("theme");
  } catch {
    // Without storage the choice lasts until the next page.
  }
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  document.dispatchEvent(new CustomEvent("themechange"));
}

const themeSwitch = document.querySelector("[data-theme-switch]");
if (themeSwitch) {
  for (const radio of themeSwitch.querySelectorAll("input")) radio.checked = radio.value === storedTheme();
  themeSwitch.addEventListener("change", (event) => setTheme(event.target.value));
  // On a phone only the chosen one is visible: pressing it goes to the next.
  themeSwitch.addEventListener("click", (event) => {
    const label = event.target.closest("label");
    if (!label || !label.querySelector("input").checked) return;
    const shown = [...themeSwitch.querySelectorAll("label")].filter((other) => other.offsetParent !== null);
    if (shown.length > 1) return;
    event.preventDefault();
    const radios = [...themeSwitch.querySelectorAll("input")];
    const next = radios[(radios.findIndex((radio) => radio.checked) + 1) % radios.length];
    next.checked = true;
    setTheme(next.value);
  });
}

// ---- popovers open beside their button; toggle does not bubble, so it is caught on the way down ----
document.addEventListener(
  "toggle",
  (event) => {
    const popover = event.target;
    if (!(popover instanceof HTMLElement) || !popover.matches("[data-popover]")) return;
    if (event.newState !== "open") return;
    const button = document.querySelector(`[popovertarget="${CSS.escape(popover.id)}"]`);
    if (!button) return;
    const from = button.getBoundingClientRect();
    const size = popover.getBoundingClientRect();
    const gap = 6;
    const edge = 8;
    const below = from.bottom + gap + size.height <= innerHeight || from.top < size.height + gap;
    const top = below ? from.bottom + gap : from.top - size.height - gap;
    const left = Math.min(Math.max(edge, from.left), innerWidth - size.width - edge);
    popover.style.setProperty("--popover-top", `${Math.max(edge, top)}px`);
    popover.style.setProperty("--popover-left", `${Math.max(edge, left)}px`);
    popover.dataset.placed = "";
  },
  true,
);
addEventListener(
  "scroll",
  () => {
    for (const open of document.querySelectorAll("[data-popover][data-placed]:popover-open")) open.hidePopover();
  },
  { passive: true },
);

// A table as spreadsheets take it from the clipboard.
function tabbed(table) {
  return [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join("\t")).join("\n");
}

// ---- short notices ----
export function toast(text) {
  const element = document.createElement("div");
  element.className = "toast";
  element.textContent = text;
  document.getElementById("toasts").append(element);
  setTimeout(() => element.remove(), 6000);
}

// ---- buttons ----
document.addEventListener("click", async (event) => {
  const opener = event.target.closest("[data-open-dialog]");
  if (opener) {
    event.preventDefault();
    document.getElementById(opener.dataset.openDialog)?.showModal();
    return;
  }
  const closer = event.target.closest("[data-close-dialog]");
  if (closer) {
    closer.closest("dialog").close();
    return;
  }
  const copier = event.target.closest("[data-copy]");
  if (copier) {
    const source = document.getElementById(copier.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.rows ? tabbed(source) : source.textContent);
      toast(copier.dataset.copied ?? "Copied");
    } catch {
      source.closest("details")?.setAttribute("open", "");
      getSelection().selectAllChildren(source);
      toast("Selected: press Ctrl+C to copy");
    }
    return;
  }
  const announcer = event.target.closest("[data-toast]");
  if (announcer) toast(announcer.dataset.toast);
});

// ---- a form that came back with errors says so first ----
document.querySelector("[data-error-summary]")?.focus();

// ---- htmx: failures are said, not swallowed ----
document.addEventListener("htmx:responseError", (event) => {
  toast(`The server could not answer (${event.detail.xhr.status}). What is shown may be old.`);
});
document.addEventListener("htmx:sendError", () => {
  toast("No connection to the server. What is shown may be old.");
});
