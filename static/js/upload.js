// Sends the file of a form in parts, so that a broken line or a reload costs a part and not the file.
//
// The form names the endpoints (data-uploads); the server knows how much of a file it has, so nothing is
// remembered here: who picks the same file again goes on where it stopped. Without this script, and for
// what it does not understand, the form is sent as it is.

const UNITS = ["B", "kB", "MB", "GB"];
const LONGEST_PAUSE = 30;

function fileSize(bytes) {
  let size = bytes;
  let unit = 0;
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size.toFixed(unit > 1 ? 1 : 0)} ${UNITS[unit]}`;
}

/** The server refused for good; the message is a sentence for the person. */
class Refused extends Error {}

/** The server has other bytes than we believed: another window sends the same file. */
class Moved extends Error {}

class Sending {
  constructor(form, file, say, sha256) {
    this.file = file;
    this.say = say;
    this.address = form.dataset.uploads;
    this.source = JSON.parse(form.dataset.sources)[form.elements.source.value];
    this.token = form.elements.csrfmiddlewaretoken.value;
    this.sha256 = sha256;
    this.whole = new sha256.Sha256();
    this.offset = 0;
  }

  async run() {
    const upload = await this.lasting(() =>
      this.ask("POST", this.address, {
        body: JSON.stringify({
          source: this.source,
          file_name: this.file.name,
          byte_count: this.file.size,
        }),
        type: "application/json",
      }),
    );
    this.own = `${this.address}${upload.id}/`;
    await this.reread(upload.received_count, upload.part_bytes);
    while (this.offset < this.file.size) {
      const part = await this.read(this.offset, upload.part_bytes);
      this.whole.update(part);
      this.offset = await this.lasting(() => this.append(part));
      this.say(
        `${fileSize(this.offset)} of ${fileSize(this.file.size)} sent`,
        this.offset / this.file.size,
      );
    }
    this.say("Sent. The server is checking the file.", 1);
    const digest = this.sha256.toHex(this.whole.digest());
    const submission = await this.lasting(() =>
      this.ask("POST", `${this.own}completion/`, {
        body: JSON.stringify({ sha256: digest }),
        type: "application/json",
      }),
    );
    return submission.id;
  }

  // What is there already is read once more here: the digest is that of the whole file.
  async reread(received, step) {
    while (this.offset < received) {
      const part = await this.read(this.offset, Math.min(step, received - this.offset));
      this.whole.update(part);
      this.offset += part.length;
      this.say(
        `Going on after what was sent before: ${fileSize(received)} of ${fileSize(this.file.size)}`,
        this.offset / this.file.size,
      );
    }
  }

  async read(offset, size) {
    try {
      return new Uint8Array(await this.file.slice(offset, offset + size).arrayBuffer());
    } catch {
      throw new Refused("The file cannot be read any more: it was moved or changed. Choose it again.");
    }
  }

  async append(part) {
    const { Sha256, toBase64 } = this.sha256;
    const answer = await this.ask("PATCH", this.own, {
      body: part,
      type: "application/octet-stream",
      headers: {
        "Upload-Offset": String(this.offset),
        "Content-Digest": `sha-256=:${toBase64(new Sha256().update(part).digest())}:`,
      },
      // The answer of an earlier attempt may have been lost, and its bytes not.
      accept: (status, body) =>
        status === 409 && body.received_count === this.offset + part.length,
    });
    return answer.received_count;
  }

  async ask(method, address, { body, type, headers = {}, accept = () => false }) {
    const response = await fetch(address, {
      method,
      body,
      credentials: "same-origin",
      headers: { "Content-Type": type, "X-CSRFToken": this.token, ...headers },
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok || accept(response.status, answer)) return answer;
    if (answer.error === "offset_differs") throw new Moved();
    if (response.status >= 500 || response.status === 429) throw new Error(String(response.status));
    const sentences = Object.values(answer.fields ?? {}).flat();
    throw new Refused(sentences.join(" ") || answer.detail || `The server refused the file (${response.status}).`);
  }

  // Tries until it succeeds or is refused; waits longer each time, and no longer than until the line is back.
  async lasting(action) {
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return await action();
      } catch (problem) {
        if (problem instanceof Refused || problem instanceof Moved) throw problem;
        this.say(
          `The connection broke after ${fileSize(this.offset)}. What was sent is kept; trying again in ${pause} s.`,
          this.offset / this.file.size,
        );
        await new Promise((resolve) => {
          const timer = setTimeout(resolve, pause * 1000);
          addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
        });
      }
    }
  }
}

async function sendAll(form, file, say) {
  const sha256 = await import(form.dataset.sha256);
  for (let again = 3; ; again -= 1) {
    try {
      return await new Sending(form, file, say, sha256).run();
    } catch (problem) {
      if (!(problem instanceof Moved)) throw problem;
      if (!again) throw new Refused("This file is being sent from another window.");
    }
  }
}

async function send(event, form) {
  const file = form.querySelector("input[type=file]").files[0];
  // An empty file, or none, is the server's to speak about.
  if (!file?.size) return;
  event.preventDefault();
  const box = form.querySelector("[data-dropzone-progress]");
  const bar = box.querySelector("progress");
  const text = box.querySelector("p");
  const buttons = form.querySelectorAll("button[type=submit]");
  const say = (message, share) => {
    text.textContent = message;
    bar.value = share;
  };
  const leaving = (leave) => leave.preventDefault();
  box.hidden = false;
  for (const button of buttons) button.disabled = true;
  say("Asking the server", 0);
  addEventListener("beforeunload", leaving);
  try {
    const submission = await sendAll(form, file, say);
    removeEventListener("beforeunload", leaving);
    location.assign(form.dataset.submission.replace("0", submission));
  } catch (problem) {
    removeEventListener("beforeunload", leaving);
    if (!(problem instanceof Refused)) throw problem;
    text.textContent = problem.message;
    for (const button of buttons) button.disabled = false;
  }
}

for (const form of document.querySelectorAll("form[data-uploads]")) {
  form.addEventListener("submit", (event) => send(event, form));
}
