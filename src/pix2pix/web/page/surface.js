// A canvas to draw on in exact colours: strokes are whole pixels, so no colour arises that was not chosen.

const UNDO_BYTES = 64e6;

export class Surface {
  // `changed` is called after each visible change, `begun` before a stroke's first.
  constructor(canvas, { begun, changed }) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    this.begun = begun;
    this.changed = changed;
    this.tool = "brush";
    this.colour = "#000000";
    this.background = "#ffffff";
    this.size = 8;
    this.open = true;
    this.past = [];
    canvas.addEventListener("pointerdown", (event) => this.#press(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (this.last = null));
  }

  blank(width, height) {
    Object.assign(this.canvas, { width, height });
    this.past = [];
    this.#fill(0, 0, width, height, this.background);
  }

  show(picture) {
    Object.assign(this.canvas, { width: picture.width, height: picture.height });
    this.past = [];
    this.context.drawImage(picture, 0, 0);
  }

  clear() {
    this.#remember();
    this.#fill(0, 0, this.canvas.width, this.canvas.height, this.background);
    this.changed();
  }

  undo() {
    if (!this.past.length) return;
    this.context.putImageData(this.past.pop(), 0, 0);
    this.changed();
  }

  png() {
    return new Promise((done) => this.canvas.toBlob(done, "image/png"));
  }

  #press(event) {
    if (!this.open || event.button !== 0) return;
    event.preventDefault();
    this.canvas.setPointerCapture(event.pointerId);
    this.#remember();
    this.begun();
    this.last = this.start = this.#place(event);
    this.#stroke(this.last);
  }

  #move(event) {
    if (!this.last) return;
    // A browser reports several positions at once when the pointer is fast.
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) this.#stroke(this.#place(each));
  }

  #stroke(place) {
    if (this.tool === "rectangle") {
      this.context.putImageData(this.past.at(-1), 0, 0);
      const [left, right] = [this.start.x, place.x].sort((a, b) => a - b);
      const [top, bottom] = [this.start.y, place.y].sort((a, b) => a - b);
      this.#fill(left, top, right - left + 1, bottom - top + 1, this.colour);
    } else {
      const colour = this.tool === "eraser" ? this.background : this.colour;
      const steps = Math.max(1, Math.ceil(Math.hypot(place.x - this.last.x, place.y - this.last.y) / Math.max(1, this.size / 4)));
      for (let step = 1; step <= steps; step++) {
        const share = step / steps;
        this.#disc(this.last.x + share * (place.x - this.last.x), this.last.y + share * (place.y - this.last.y), colour);
      }
    }
    this.last = place;
    this.changed();
  }

  #disc(x, y, colour) {
    const radius = this.size / 2;
    const [left, top] = [Math.round(x - radius + 0.5), Math.round(y - radius + 0.5)];
    for (let row = 0; row < this.size; row++) {
      const half = Math.max(0.5, Math.sqrt(Math.max(0, radius * radius - (row + 0.5 - radius) ** 2)));
      const first = Math.round(radius - half);
      this.#fill(left + first, top + row, this.size - 2 * first, 1, colour);
    }
  }

  #fill(x, y, width, height, colour) {
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, width, height);
  }

  #place(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: Math.floor(((event.clientX - box.left) / box.width) * this.canvas.width),
      y: Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height),
    };
  }

  #remember() {
    const { width, height } = this.canvas;
    this.past.push(this.context.getImageData(0, 0, width, height));
    while (this.past.length > Math.max(2, UNDO_BYTES / (4 * width * height))) this.past.shift();
  }
}
