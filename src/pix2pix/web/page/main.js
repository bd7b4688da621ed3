// The page: one source, one model, one result.

import { ask, Newest } from "/page/requests.js";
import { Surface } from "/page/surface.js";

const at = (id) => document.getElementById(id);
const hex = (colour) => "#" + colour.map((level) => level.toString(16).padStart(2, "0")).join("");
let limits, models, model;
let file = null; // the opened file as long as nothing is drawn on it: it goes to the server as it is
let sample = 0;
let shown = null; // what the picture on the right was made from

const surface = new Surface(at("canvas"), {
  begun() {
    file = null;
    at("origin").textContent = "";
  },
  changed() {
    at("undo").disabled = !surface.past.length;
    newest.want();
  },
});

const newest = new Newest({
  async make() {
    const source = file ?? (await surface.png());
    return { file: source, drawing: file ? "0" : "1", model: model.name, sample: String(sample) };
  },
  done(blob, fields, milliseconds) {
    tell("");
    shown = fields;
    const before = at("before");
    Object.assign(before, { width: surface.canvas.width, height: surface.canvas.height });
    before.getContext("2d").drawImage(surface.canvas, 0, 0);
    URL.revokeObjectURL(at("result").src);
    at("result").src = URL.createObjectURL(blob);
    at("result").hidden = false;
    at("download").disabled = false;
    at("status").textContent = `${Math.round(milliseconds)} ms`;
    document.body.dataset.results = Number(document.body.dataset.results ?? 0) + 1;
  },
  failed: (error) => tell(error.message),
  busy: (is) => document.body.toggleAttribute("data-busy", is),
});

function tell(message) {
  at("message").hidden = !message;
  at("message").textContent = message;
}

async function open(picture) {
  if (picture.size > limits.bytes) return tell(`${picture.name}: is larger than ${limits.bytes / 1e6} MB.`);
  try {
    const view = await (await ask("/api/view", { file: picture, model: model.name })).blob();
    surface.show(await createImageBitmap(view, { colorSpaceConversion: "none" }));
  } catch (error) {
    return tell(error.message);
  }
  file = picture;
  at("origin").textContent = picture.name;
  surface.changed();
}

function choose(next) {
  newest.drop();
  const same = model && JSON.stringify([model.source, model.brushes]) === JSON.stringify([next.source, next.brushes]);
  model = next;
  at("sample").hidden = !model.noise;
  sample = 0;
  const unit = model.target.unit ? `, in ${model.target.unit}` : "";
  at("format").textContent = model.target.kind === "raw" || model.target.bits === 16
    ? `in the target's own numbers${unit}; the picture above is a view of them` : "";
  showExamples();
  if (!same) {
    showBrushes();
    file = null;
    at("origin").textContent = "or drop a picture here";
    surface.blank(model.size[1], model.size[0]);
  }
  surface.changed();
}

function showBrushes() {
  const { colours, background, kind, draw } = model.brushes;
  surface.open = draw;
  surface.canvas.classList.toggle("closed", !draw);
  surface.background = hex(background);
  const use = (colour, button) => {
    surface.colour = colour;
    for (const each of at("palette").children) each.setAttribute("aria-pressed", each === button);
  };
  at("palette").replaceChildren(...(draw ? colours : []).map((colour, index) => {
    const button = document.createElement("button");
    button.style.background = hex(colour);
    button.title = kind === "classes" ? `class ${index}, ${hex(colour)}` : hex(colour);
    button.setAttribute("aria-label", button.title);
    button.onclick = () => use(hex(colour), button);
    return button;
  }));
  if (draw && kind === "colours") {
    const free = Object.assign(document.createElement("input"), { type: "color", title: "another colour" });
    free.oninput = () => use(free.value, free);
    at("palette").append(free);
  }
  const first = colours.findIndex((colour) => hex(colour) !== hex(background));
  at("palette").children[Math.max(0, first)]?.click();
  for (const button of at("tools").children) button.disabled = !draw;
  at("size").value = surface.size = kind === "pencil" ? 2 : Math.max(2, Math.round(Math.min(...model.size) / 24));
}

function showExamples() {
  const address = (index) => `/api/examples/${index}?model=${encodeURIComponent(model.name)}`;
  at("examples").replaceChildren(...model.examples.map((name, index) => {
    const button = Object.assign(document.createElement("button"), { title: name });
    button.setAttribute("aria-label", `example ${name}`);
    const picture = Object.assign(document.createElement("img"), { src: address(index), alt: "" });
    picture.onerror = () => button.replaceChildren(String(index + 1)); // a TIFF, say
    button.append(picture);
    button.onclick = async () => {
      const content = await (await ask(address(index))).blob();
      open(new File([content], name, { type: content.type }));
    };
    return button;
  }));
}

async function download() {
  try {
    const answer = await ask("/api/translate", shown);
    const name = /filename="(.*)"/.exec(answer.headers.get("Content-Disposition"))[1];
    const link = Object.assign(document.createElement("a"), { download: name, href: URL.createObjectURL(await answer.blob()) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    const madeUp = answer.headers.get("Pixels-Made-Up");
    if (madeUp) tell(`${madeUp} pixels of the source hold no value, and what the file shows there is made up.`);
  } catch (error) {
    tell(error.message);
  }
}

async function camera() {
  const video = at("video");
  if (video.srcObject) return photograph(video);
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
  } catch (error) {
    return tell(`The camera cannot be used: ${error.message}.`);
  }
  await video.play();
  video.hidden = false;
  at("camera").textContent = "Take the picture";
}

async function photograph(video) {
  const [height, width] = model.size;
  const scale = Math.max(width / video.videoWidth, height / video.videoHeight);
  const [w, h] = [video.videoWidth * scale, video.videoHeight * scale];
  const picture = new OffscreenCanvas(width, height);
  picture.getContext("2d").drawImage(video, (width - w) / 2, (height - h) / 2, w, h);
  for (const track of video.srcObject.getTracks()) track.stop();
  Object.assign(video, { srcObject: null, hidden: true });
  at("camera").textContent = "Camera";
  await open(new File([await picture.convertToBlob()], "camera.png", { type: "image/png" }));
}

async function paste() {
  try {
    for (const item of await navigator.clipboard.read()) {
      const kind = item.types.find((type) => type.startsWith("image/"));
      if (kind) return open(new File([await item.getType(kind)], "pasted.png", { type: kind }));
    }
    tell("There is no picture on the clipboard.");
  } catch {
    tell("The browser does not let the page read the clipboard: press Ctrl+V.");
  }
}

function compare() {
  const share = Number(at("compare").value);
  at("before").hidden = at("divider").hidden = share === 0;
  at("before").style.clipPath = `inset(0 ${100 - share}% 0 0)`;
  at("divider").style.left = `${share}%`;
}

at("model").onchange = () => choose(models[at("model").selectedIndex]);
at("size").oninput = () => (surface.size = Number(at("size").value));
at("undo").onclick = () => (surface.begun(), surface.undo());
at("clear").onclick = () => (surface.begun(), surface.clear());
at("file").onchange = () => {
  if (at("file").files.length) open(at("file").files[0]);
  at("file").value = "";
};
at("paste").onclick = paste;
at("camera").onclick = camera;
at("camera").hidden = !navigator.mediaDevices; // browsers give cameras to this machine and to https alone
at("compare").oninput = compare;
at("sample").onclick = () => (sample++, newest.want(0));
at("download").onclick = download;
for (const button of at("tools").children) {
  button.onclick = () => {
    surface.tool = button.dataset.tool;
    for (const each of at("tools").children) each.setAttribute("aria-pressed", each === button);
  };
}
document.addEventListener("paste", (event) => event.clipboardData.files.length && open(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
});
document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") at("undo").click();
});

try {
  ({ limits, models } = await (await ask("/api/models")).json());
  at("model").replaceChildren(...models.map(({ name }) => new Option(name)));
  choose(models[0]);
} catch (error) {
  tell(error.message);
}
