// What the page asks the server: at most one translation at a time, and after it the newest source alone.

export class Refused extends Error {
  constructor(why, retryAfter) {
    super(why);
    this.retryAfter = retryAfter;
  }
}

export async function ask(address, fields, signal) {
  let body;
  if (fields) {
    body = new FormData();
    for (const [name, value] of Object.entries(fields)) {
      if (value instanceof Blob) body.append(name, value, value.name ?? "drawing.png");
      else body.append(name, value);
    }
  }
  let answer;
  try {
    answer = await fetch(address, { method: body ? "POST" : "GET", body, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer: is `pix2pix serve` still running?");
  }
  if (answer.ok) return answer;
  const why = await answer.json().then((said) => said.error, () => `The server answered ${answer.status}.`);
  throw new Refused(why, Number(answer.headers.get("Retry-After")) || 0);
}

export class Newest {
  // `make` gives the source's fields, `done(blob, fields, ms)` takes the result, `failed(error)` what went wrong.
  constructor({ make, done, failed, busy }) {
    Object.assign(this, { make, done, failed, busy });
    this.wanted = this.sent = 0;
  }

  want(delay = 40) {
    this.wanted++;
    if (!this.running) this.#later(delay);
  }

  drop() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
    this.sent = this.wanted;
  }

  #later(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#send(), delay);
  }

  async #send() {
    const control = (this.running = new AbortController());
    this.sent = this.wanted;
    let again = 0;
    this.busy(true);
    try {
      const fields = await this.make();
      const start = performance.now();
      const answer = await ask("/api/translate", { ...fields, view: "1" }, control.signal);
      const blob = await answer.blob();
      if (this.running === control) this.done(blob, fields, performance.now() - start);
    } catch (error) {
      if (error.name === "AbortError" || this.running !== control) return;
      this.failed(error);
      again = error.retryAfter * 1000;
      if (again) this.wanted++;
    }
    if (this.running !== control) return;
    this.running = null;
    if (this.wanted !== this.sent) this.#later(again);
    else this.busy(false);
  }
}
