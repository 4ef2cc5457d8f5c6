// Nothing a person typed is ever lost. Two kinds of forms:
//
//   <form data-autosave="/tests/5/autosave/" data-user="7">   each field saves itself, built on its version:
//     <textarea name="learned" data-version="3">                the page shows when, and who else is here
//   <form data-draft="log-a-test" data-user="7">               kept on this device until it has been sent
//     data-draft-shared                                         others change the same row: a draft that is put
//                                                               back brings only what was typed, and says where
//                                                               another text stands by now
//     <input data-draft-fresh>                                  comes from the page, never from the draft
//
// Every keystroke goes to the browser's storage first and to the server after a pause. What the server has
// taken is removed from the storage; so whatever is found there when a page opens was never saved.

const PAUSE = 1200; // milliseconds without a key
const LONGEST_WAIT = 6000; // of somebody who never pauses
const FIRST_RETRY = 2000;
const LONGEST_RETRY = 30000;
const HEARTBEAT = 10000;
const KEEP_DAYS = 60;

// ---- storage that may be missing, full or forbidden ----
const memory = new Map();
const storage = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key) ?? "null") ?? memory.get(key) ?? null;
    } catch {
      return memory.get(key) ?? null;
    }
  },
  set(key, value) {
    memory.set(key, value);
    try {
      localStorage.setItem(key, JSON.stringify(value));
      return true;
    } catch {
      return false;
    }
  },
  remove(key) {
    memory.delete(key);
    try {
      localStorage.removeItem(key);
    } catch {
      // Nothing was kept there.
    }
  },
  keys() {
    try {
      return Object.keys(localStorage);
    } catch {
      return [...memory.keys()];
    }
  },
};

for (const key of storage.keys()) {
  if (!key.startsWith("draft:")) continue;
  const kept = storage.get(key);
  if (!kept || Date.now() - kept.at > KEEP_DAYS * 86400000) storage.remove(key);
}

// ---- small pieces of page ----
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const button = (label, onclick, css = "button button-small") =>
  element("button", { type: "button", class: css, onclick }, label);

const signInAddress = () => `/account/login/?next=${encodeURIComponent(location.pathname + location.search)}`;

function labelOf(control) {
  const label = control.labels?.[0] ?? control.closest("fieldset")?.querySelector("legend");
  return (label?.firstChild?.textContent ?? control.name).trim();
}

// What a reader sees under a name: the words of a choice, not its value.
function shownText(root, name) {
  const words = [];
  for (const control of root.elements) {
    if (control.name !== name) continue;
    if (control.type.startsWith("select")) words.push(...[...control.selectedOptions].filter((o) => o.value).map((o) => o.text));
    else if (["radio", "checkbox"].includes(control.type)) words.push(...(control.checked ? [control.labels[0]?.textContent ?? control.value] : []));
    else words.push(control.value);
  }
  return words.map((word) => word.trim()).join(", ");
}

// ---- one line for the whole page: what is saved ----
const stateLine = document.querySelector("[data-save-state]");
let token = document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
let lastSaved = 0;
let trouble = ""; // "", "offline", "signed-out", "refused"
const fields = new Set();
const forms = new Set();

function ago(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${Math.max(1, seconds)} s ago`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min ago` : `${Math.round(minutes / 60)} h ago`;
}

let shownState = "";
function showState() {
  if (!stateLine) return;
  const open = [...fields].filter((field) => field.dirty);
  const waiting = open.filter((field) => !field.question);
  let state = "idle";
  let content = [];
  if (trouble === "offline" && waiting.length) {
    state = "offline";
    content = ["No connection. Your words are kept on this device and will be saved by themselves."];
  } else if (trouble === "signed-out" && waiting.length) {
    state = "signed-out";
    content = ["You are signed out. Your words are kept on this device. ", element("a", { href: signInAddress() }, "Sign in again")];
  } else if (open.some((field) => field.question)) {
    state = "question";
    content = ["Not saved yet: a question waits below."];
  } else if (waiting.length) {
    state = "saving";
    content = ["Saving…"];
  } else if (lastSaved) {
    state = "saved";
    content = [`Saved ${ago(Date.now() - lastSaved)}`];
  } else {
    content = [stateLine.dataset.idle ?? "Everything is saved as you type."];
  }
  stateLine.dataset.state = state;
  const text = content.map((part) => part.textContent ?? part).join("");
  if (text !== shownState) {
    shownState = text;
    stateLine.replaceChildren(...content);
  }
}

// Read out only when the kind of state changes, not every second.
let announced = "";
function announce() {
  const live = document.querySelector("[data-save-announce]");
  const state = stateLine?.dataset.state ?? "";
  if (live && state !== announced && !["idle", "saving"].includes(state)) live.textContent = stateLine.textContent;
  announced = state;
}
setInterval(() => {
  showState();
  announce();
}, 1000);

// ---- talking to the server ----
async function talk(address, options = {}) {
  // "manual": a redirect to the sign-in page is the answer "signed out", not a page to read.
  const answer = await fetch(address, { redirect: "manual", credentials: "same-origin", cache: "no-store", ...options });
  if (answer.type === "opaqueredirect" || answer.status === 401) return { kind: "signed-out" };
  const json = (answer.headers.get("Content-Type") ?? "").includes("json") ? await answer.json() : {};
  return { kind: "answer", status: answer.status, json };
}

class Form {
  constructor(root) {
    this.root = root;
    this.address = root.dataset.autosave;
    this.user = root.dataset.user;
    this.fields = new Map();
    for (const control of root.querySelectorAll("[data-version]")) this.adopt(control);
    forms.add(this);
    root.addEventListener("input", (event) => this.fieldOf(event.target)?.typed());
    root.addEventListener("change", (event) => this.fieldOf(event.target)?.typed(true));
    root.addEventListener("focusout", (event) => this.fieldOf(event.target)?.left());
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      for (const field of this.fields.values()) field.saveNow();
    });
  }

  adopt(control) {
    if (this.fields.has(control.name)) return this.fields.get(control.name).controls.push(control);
    const field = new Field(this, control);
    this.fields.set(control.name, field);
    fields.add(field);
    return field;
  }

  fieldOf(target) {
    return target.dataset?.version === undefined ? undefined : this.fields.get(target.name);
  }

  start() {
    for (const field of this.fields.values()) field.restore();
  }

  // Forms of one page may share an address: what one hears, all take over.
  async hear() {
    const writing = document.activeElement;
    const name = this.root.contains(writing) && writing.dataset.version !== undefined ? labelOf(writing) : "";
    const heard = await talk(`${this.address}?field=${encodeURIComponent(name)}`);
    if (heard.kind === "signed-out") {
      trouble = "signed-out";
      return null;
    }
    if (heard.status >= 500) throw new Error(`the server answered ${heard.status}`);
    if (heard.status !== 200) return null;
    token = heard.json.token;
    if (trouble) {
      trouble = "";
      for (const field of fields) if (field.dirty) field.saveNow();
    }
    for (const form of forms) {
      if (form.address !== this.address) continue;
      for (const [field, there] of Object.entries(heard.json.fields)) form.fields.get(field)?.heard(there);
    }
    return heard.json;
  }
}

class Field {
  constructor(form, control) {
    this.form = form;
    this.controls = [control];
    this.name = control.name;
    this.version = Number(control.dataset.version);
    this.key = `draft:${form.user}:${form.address}:${this.name}`;
    this.dirty = false;
    this.question = null;
    this.sending = false;
    this.retry = FIRST_RETRY;
    this.known = undefined; // the text that the server holds, as this page writes it
  }

  get control() {
    return this.controls[0];
  }

  get text() {
    if (this.control.type === "radio") return this.controls.find((c) => c.checked)?.value ?? "";
    if (this.control.type === "checkbox") return this.control.checked ? "on" : "";
    return this.control.value;
  }

  set text(text) {
    if (this.control.type === "radio") for (const c of this.controls) c.checked = c.value === text;
    else if (this.control.type === "checkbox") this.control.checked = text !== "";
    else this.control.value = text;
    this.control.dispatchEvent(new CustomEvent("autosave:text", { bubbles: true }));
  }

  keep() {
    this.kept = storage.set(this.key, { text: this.text, base: this.version, at: Date.now() });
  }

  typed(atOnce = false) {
    // Leaving a field that was saved already tells of a change too.
    if (!this.dirty && this.text === this.known) return;
    if (this.question && this.text === this.questioned) return;
    if (!this.dirty) this.since = Date.now();
    this.dirty = true;
    this.keep();
    if (this.question?.kind === "error" || this.question?.kind === "details") this.ask(null);
    if (this.question) return; // two texts wait to be merged
    clearTimeout(this.timer);
    const quick = atOnce && !["text", "textarea", "number"].includes(this.control.type);
    const left = LONGEST_WAIT - (Date.now() - this.since);
    this.timer = setTimeout(() => this.saveNow(), quick ? 0 : Math.max(0, Math.min(PAUSE, left)));
    showState();
  }

  left() {
    if (this.dirty && !this.question) this.saveNow();
  }

  restore() {
    this.known = this.text;
    const kept = storage.get(this.key);
    if (!kept) return;
    if (kept.text === this.text) return storage.remove(this.key);
    if (kept.base === this.version) {
      this.text = kept.text;
      this.dirty = true;
      this.since = Date.now();
      this.saveNow();
    } else {
      const theirs = { version: this.version, text: this.text, by: "", at: "" };
      this.text = kept.text;
      this.dirty = true;
      this.askToMerge(theirs);
    }
  }

  heard(there) {
    if (this.dirty || this.sending || there.version <= this.version) return;
    if (document.activeElement === this.control) return; // the next save will ask
    this.version = there.version;
    this.text = there.text;
    this.known = this.text;
  }

  async saveNow({ keepDetails = false } = {}) {
    clearTimeout(this.timer);
    if (!this.dirty) return;
    if (this.sending) {
      this.again = true;
      return;
    }
    this.sending = true;
    const text = this.text;
    const sentWith = token;
    const body = new URLSearchParams({ field: this.name, text, base: this.version });
    if (keepDetails) body.set("keep", "1");
    let heard;
    try {
      heard = await talk(this.form.address, { method: "POST", body, headers: { "X-CSRFToken": sentWith } });
    } catch {
      heard = { kind: "offline" };
    }
    this.sending = false;
    this.take(heard, text, sentWith);
    if (this.again) {
      this.again = false;
      if (this.dirty && !this.question) this.saveNow();
    }
    showState();
  }

  take(heard, text, sentWith) {
    if (heard.kind === "signed-out") return this.later("signed-out");
    if (heard.kind === "offline" || heard.status >= 500) return this.later("offline");
    if (heard.status === 403) {
      // The page's token is an old one after a new sign-in, and none at all when signed out: asking
      // brings a new one or tells which. Only a refusal with a newer token is about the person.
      if (this.refused && this.refused !== sentWith) return this.refuse();
      this.refused = sentWith;
      return this.later("");
    }
    this.refused = null;
    this.retry = FIRST_RETRY;
    if (trouble) {
      trouble = "";
      for (const field of fields) if (field !== this && field.dirty) field.saveNow();
    }
    if (heard.status === 200) {
      this.version = heard.json.version;
      this.known = text;
      this.ask(null);
      lastSaved = Date.now();
      if (this.text === text) {
        this.dirty = false;
        storage.remove(this.key);
        this.control.dispatchEvent(new CustomEvent("autosave:saved", { bubbles: true }));
      } else {
        this.since = Date.now();
        this.keep();
        this.timer = setTimeout(() => this.saveNow(), PAUSE);
      }
    } else if (heard.status === 409 && heard.json.conflict) {
      this.askToMerge(heard.json.conflict);
    } else if (heard.json.details) {
      this.askAboutDetails(heard.json);
    } else {
      this.ask({ kind: "error", text: heard.json.error ?? "The server did not take this. Your words are kept on this device." });
    }
  }

  later(kind) {
    if (kind) trouble = kind;
    this.retry = Math.min(this.retry * 2, LONGEST_RETRY);
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      try {
        if (await this.form.hear()) await this.saveNow();
        else if (trouble) this.later(trouble);
        else this.refuse();
      } catch {
        this.later("offline");
      }
    }, kind ? this.retry : 0);
  }

  refuse() {
    this.ask({ kind: "error", text: "You may not change this any more. Your words are kept on this device." });
  }

  // ---- a question under the field ----
  ask(question, ...content) {
    this.question = question;
    this.questioned = this.text;
    this.box?.remove();
    this.box = null;
    if (!question) return;
    this.box = element("div", { class: "autosave-question", role: "group", "aria-label": "Before this is saved" }, ...content);
    if (question.kind === "error") this.box.append(element("p", {}, question.text));
    const place = this.control.closest(".field, fieldset, td, .autosave-place") ?? this.control.parentElement;
    place.append(this.box);
    showState();
  }

  askToMerge(theirs) {
    const mine = this.text;
    const both = theirs.text.includes(mine) ? theirs.text : mine.includes(theirs.text) ? mine : `${theirs.text}\n${mine}`;
    const settle = (text) => {
      this.version = theirs.version;
      this.text = text;
      this.dirty = true;
      this.keep();
      this.ask(null);
      this.saveNow();
      this.control.focus();
    };
    const who = theirs.by || "Somebody else";
    const choice = ["radio", "checkbox", "select-one", "date", "number"].includes(this.control.type);
    this.ask(
      { kind: "merge" },
      element("p", { class: "autosave-question-title" }, `${who} changed this while you were writing. Nothing is lost: choose what stays.`),
      element(
        "div",
        { class: "autosave-two" },
        element("div", {}, element("p", { class: "small muted" }, who), element("blockquote", { "data-theirs": "" }, theirs.text || "(empty)")),
        element("div", {}, element("p", { class: "small muted" }, "You"), element("blockquote", { "data-mine": "" }, mine || "(empty)")),
      ),
      element(
        "div",
        { class: "row" },
        ...(choice ? [] : [button("Use both", () => settle(both), "button button-small button-primary")]),
        button("Use mine", () => settle(this.text)),
        button("Use theirs", () => settle(theirs.text)),
      ),
    );
  }

  askAboutDetails({ details, masked }) {
    const found = details.map((detail) => `“${detail.text}” looks like ${detail.kind}`).join("; ");
    this.ask(
      { kind: "details" },
      element("p", { class: "autosave-question-title" }, `${found}. Notes here should not name patients.`),
      element(
        "div",
        { class: "row" },
        button(
          "Mask it",
          () => {
            this.text = masked;
            this.keep();
            this.ask(null);
            this.saveNow();
          },
          "button button-small button-primary",
        ),
        button("Keep it, it is no patient", () => {
          this.ask(null);
          this.saveNow({ keepDetails: true });
        }),
      ),
    );
  }
}

// ---- forms that are sent as a whole ----
class Draft {
  // answered: the page came back from the server and holds what was sent, or what it made of it
  constructor(root, answered) {
    this.root = root;
    this.key = `draft:${root.dataset.user}:form:${root.dataset.draft}`;
    this.note = root.querySelector("[data-draft-state]");
    this.first = (answered && storage.get(this.key)?.first) || this.values(); // before anything was typed
    if (!answered) this.restore();
    else if (!root.querySelector(".field-bad")) this.keep();
    root.addEventListener("input", () => this.keep());
    root.addEventListener("change", () => this.keep());
    root.addEventListener("submit", (event) => this.send(event));
  }

  values() {
    const values = {};
    for (const control of this.root.elements) {
      if (!control.name || ["csrfmiddlewaretoken"].includes(control.name) || control.type === "file" || control.type === "submit") continue;
      if (["radio", "checkbox"].includes(control.type) && !control.checked) continue;
      (values[control.name] ??= []).push(control.value);
    }
    return values;
  }

  keep() {
    storage.set(this.key, { values: this.values(), first: this.first, at: Date.now() });
    if (this.note) this.note.textContent = "Kept on this device until you send it.";
  }

  restore() {
    const kept = storage.get(this.key);
    if (!kept || this.root.querySelector(".field-bad")) return;
    const shared = this.root.dataset.draftShared !== undefined && kept.first;
    const at = (values, name) => JSON.stringify(values[name] ?? []);
    const changed = new Map(); // by somebody else, since this was typed: name → label and what stands there
    let isBack = !shared;
    for (const control of this.root.elements) {
      const { name, type } = control;
      if (!name || name === "csrfmiddlewaretoken" || ["file", "submit", "button"].includes(type)) continue;
      if (control.dataset.draftFresh !== undefined) continue;
      if (shared) {
        const now = at(this.first, name);
        if (at(kept.values, name) === at(kept.first, name) || at(kept.values, name) === now) continue;
        isBack = true;
        const label = labelOf(control);
        if (at(kept.first, name) !== now && !changed.has(name)) changed.set(name, [label, shownText(this.root, name)]);
      }
      const values = kept.values[name] ?? [];
      if (["radio", "checkbox"].includes(type)) control.checked = values.includes(control.value);
      else if (values.length) control.value = values[0];
    }
    if (!isBack) return storage.remove(this.key);
    addEventListener("load", () => this.root.dispatchEvent(new CustomEvent("draft:restored")), { once: true });
    if (!this.note) return;
    this.note.replaceChildren(
      "We put back what you had typed. ",
      ...[...changed.values()].map(([label, text]) => `Meanwhile somebody else wrote under “${label}”: ${text ? `“${text}”` : "nothing"}. `),
      button(shared ? "Take what is stored" : "Start empty", () => {
        storage.remove(this.key);
        location.reload();
      }),
    );
    if (changed.size) this.note.scrollIntoView({ block: "nearest" });
  }

  async send(event) {
    event.preventDefault();
    const form = this.root;
    const data = new FormData(form, event.submitter);
    data.set("csrfmiddlewaretoken", token || data.get("csrfmiddlewaretoken"));
    for (const control of form.querySelectorAll("[type=submit]")) control.disabled = true;
    const free = (text, ...more) => {
      for (const control of form.querySelectorAll("[type=submit]")) control.disabled = false;
      this.note?.replaceChildren(text, ...more);
      this.note?.scrollIntoView({ block: "nearest" });
    };
    let answer;
    try {
      // The server names the next page instead of leading there: reading it here would use up its messages.
      answer = await fetch(form.action, { method: "POST", body: data, credentials: "same-origin", headers: { "X-Draft": "1" } });
    } catch {
      return free("No connection. Your words are kept on this device: send again when it is back.");
    }
    const next = answer.headers.get("X-Location");
    if (next?.startsWith("/account/login/")) {
      return free("You are signed out. Your words are kept on this device. ", element("a", { href: signInAddress() }, "Sign in again"));
    }
    if (answer.status === 403) return free("Your sign-in has changed. Your words are kept on this device. ", element("a", { href: location.href }, "Load this page again"));
    if (answer.status >= 500) return free("The server could not take it. Your words are kept on this device: send again in a moment.");
    if (next) {
      storage.remove(this.key);
      location.assign(next);
      // Only another part of the same page: going there would not read it anew.
      if (next.includes("#") && next.split("#")[0] === location.pathname + location.search) location.reload();
      return;
    }
    // Refused with a reason: show the page that says why, with everything that was typed.
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = document.adoptNode(page.querySelector("main"));
    // A form without an address goes to the page that it stands on, and that one was not gone to.
    for (const shown of main.querySelectorAll("form:not([action])")) shown.action = form.action;
    document.querySelector("main").replaceWith(main);
    window.htmx?.process(main);
    begin(main, form.dataset.draft);
    main.querySelector("[data-error-summary]")?.focus();
  }
}

// ---- start, also on what htmx brings ----
// answered: name of the draft that the server answered with this
function begin(root, answered) {
  for (const found of root.querySelectorAll("[data-autosave]")) {
    if (found.dataset.autosaveOn !== undefined) continue;
    found.dataset.autosaveOn = "";
    new Form(found).start();
  }
  for (const found of root.querySelectorAll("[data-draft]")) {
    if (found.dataset.autosaveOn !== undefined) continue;
    found.dataset.autosaveOn = "";
    new Draft(found, found.dataset.draft === answered);
  }
}
begin(document);
// Browsers open what an address names when they go there, and not when they load the page again.
for (let part = document.getElementById(location.hash.slice(1)); part; part = part.parentElement) {
  if (part.matches("details")) part.open = true;
}
document.addEventListener("htmx:load", (event) => begin(event.target));
showState();

// ---- who else is here; also how a page notices that the server or the sign-in is back ----
const presentLine = document.querySelector("[data-present]");
async function beat() {
  for (const form of forms) if (!form.root.isConnected) forget(form);
  if (document.hidden && !trouble) return;
  for (const form of forms) {
    const main = form.root.hasAttribute("data-autosave-main");
    if (!main && !trouble) continue;
    try {
      const told = await form.hear();
      if (main && told) showPresent(told.present);
    } catch {
      if ([...fields].some((field) => field.dirty)) trouble = "offline";
    }
    if (trouble) break;
  }
  showState();
}

function forget(form) {
  forms.delete(form);
  for (const field of form.fields.values()) if (!field.dirty) fields.delete(field);
}

function showPresent(people) {
  if (!presentLine) return;
  presentLine.hidden = people.length === 0;
  presentLine.textContent = people
    .map((person) => (person.field ? `${person.name} is writing in “${person.field}”` : `${person.name} is here too`))
    .join(" · ");
}

if (forms.size) {
  beat();
  setInterval(beat, HEARTBEAT);
  addEventListener("online", beat);
  addEventListener("focus", () => trouble && beat());
  // The draft is on the device already; this is one more try to have it on the server.
  addEventListener("pagehide", () => {
    for (const field of fields) {
      if (!field.dirty || field.question || field.sending || trouble) continue;
      const body = new URLSearchParams({ field: field.name, text: field.text, base: field.version });
      fetch(field.form.address, { method: "POST", body, headers: { "X-CSRFToken": token }, keepalive: true, redirect: "manual" }).catch(() => {});
    }
  });
  addEventListener("beforeunload", (event) => {
    // Only where the device could not keep the words.
    if ([...fields].some((field) => field.dirty && field.kept === false)) event.preventDefault();
  });
}
