// The outline of a driver diagram by keyboard. Without this script every row has buttons that do the same.
//
// A change is posted to the server, which answers with the outline and the picture; they replace what is there,
// and the focus goes back to the row that was changed. A text that could not be saved stays in its field.

const place = () => document.getElementById("diagram");
const fields = () => [...place().querySelectorAll(".outline-text")];
const keyOf = (field) => field?.closest("[data-key]")?.dataset.key ?? "";
const fieldOf = (key) => place().querySelector(`[data-key="${CSS.escape(key)}"] .outline-text`);
const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

let queue = Promise.resolve();

// One change after the other: two at once would each answer with half of the other.
function change(act, values = {}) {
  queue = queue.then(() => send(act, values)).catch(() => warn("No connection. Your text is still in its field; try again."));
  return queue;
}

async function send(act, values) {
  const body = new URLSearchParams({ act, ...values });
  const response = await fetch(place().dataset.address, {
    method: "POST",
    headers: { "HX-Request": "true", "X-CSRFToken": token() },
    body,
  });
  if (response.redirected || !response.ok) {
    warn("This could not be saved. Load the page again; your text is still in its field.");
    return "";
  }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const fresh = page.getElementById("diagram");
  place().replaceWith(document.adoptNode(fresh));
  htmx.process(place());
  const asked = place().querySelector("[data-asked]");
  if (asked) {
    asked.focus();
    return "";
  }
  const focus = fresh.dataset.focus;
  (focus ? fieldOf(focus) : document.getElementById("new-driver"))?.focus();
  return place().querySelector("[role=alert]") ? "" : focus;
}

function warn(text) {
  place().querySelector(".outline-trouble")?.remove();
  const note = document.createElement("p");
  note.className = "alert alert-error outline-trouble";
  note.role = "alert";
  note.textContent = text;
  place().prepend(note);
}

const isChanged = (field) => field.value.trim() !== field.form.elements.seen.value;

function saved(field) {
  if (!isChanged(field) || !field.value.trim()) return Promise.resolve();
  const form = field.form;
  return change("rename", { key: keyOf(field), text: field.value, seen: form.elements.seen.value });
}

// A blank row to write into; nothing is sent before there is a word in it.
function openBlank(key, act) {
  place().querySelector(".outline-blank")?.remove();
  const row = fieldOf(key)?.closest(".outline-row");
  if (!row) return;
  const blank = document.createElement("li");
  blank.className = row.className.replace(/outline-notes/, "") + " outline-blank";
  const input = document.createElement("input");
  input.className = "outline-text-new";
  input.maxLength = row.querySelector(".outline-text").maxLength;
  input.autocomplete = "off";
  input.setAttribute("aria-label", act === "add" ? "New row" : "New row under this one");
  blank.append(input);
  row.after(blank);
  input.focus();
  let done = false;
  const close = (keep) => {
    if (done) return;
    done = true;
    const text = input.value.trim();
    if (!keep || !text) {
      blank.remove();
      fieldOf(key)?.focus();
      return;
    }
    change(act, { key, text }).then(() => {
      const added = place().dataset.focus;
      if (keep === "more" && added && !place().querySelector("[role=alert]")) openBlank(added, "add");
    });
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      close(input.value.trim() ? "more" : "");
    } else if (event.key === "Escape") {
      event.preventDefault();
      close("");
    }
    event.stopPropagation();
  });
  input.addEventListener("blur", () => close(input.value.trim() ? "once" : ""));
}

document.addEventListener("focusout", (event) => {
  if (event.target.matches?.("#diagram .outline-text") && event.target.isConnected) {
    const next = event.relatedTarget;
    // A button of the same row says itself what is to be done with the text.
    if (next?.closest?.("form") === event.target.form) return;
    if (!isChanged(event.target)) return;
    const goal = keyOf(next?.matches?.(".outline-text") ? next : null);
    saved(event.target).then(() => goal && fieldOf(goal)?.focus());
  }
});

document.addEventListener("keydown", (event) => {
  const field = event.target;
  if (!field.matches?.("#diagram .outline-text")) return;
  const key = keyOf(field);
  const moves = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "indent", ArrowLeft: "outdent" };
  if (event.altKey && moves[event.key]) {
    event.preventDefault();
    saved(field).then(() => change(moves[event.key], { key }));
  } else if (event.altKey && event.key === "Backspace") {
    event.preventDefault();
    change("remove", { key });
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    saved(field).then(() => openBlank(key, key.startsWith("d") ? "add_under" : "add"));
  } else if (event.key === "Enter") {
    event.preventDefault();
    saved(field).then(() => openBlank(key, "add"));
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !isChanged(field)) {
    event.preventDefault();
    if (place().querySelector("[data-undo]")) change("undo", { key });
  } else if (!event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    const all = fields();
    const goal = all[all.indexOf(field) + (event.key === "ArrowDown" ? 1 : -1)];
    if (goal) {
      event.preventDefault();
      goal.focus();
    }
  }
});

// Buttons of the outline, without a new page.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.closest("#diagram")) return;
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form, event.submitter));
  const { act } = values;
  delete values.act;
  delete values.csrfmiddlewaretoken;
  change(act, values);
});
