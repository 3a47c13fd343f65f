// Sends pictures to the virtual camera: demo cards that are picked, photos that are dropped or chosen.

const MOST_RESULTS = 6;
const SVG = "http://www.w3.org/2000/svg";

const results = document.querySelector(".results");
const chooser = document.querySelector(".drop input");

/** Holds one picture before the camera, and tells what came of it. */
async function send(name, picture) {
  try {
    const response = await fetch(document.body.dataset.frame, { method: "POST", body: picture });
    tell(name, await answerOf(response));
  } catch {
    tell(name, { ok: false, text: "The kiosk does not answer." });
  }
}

async function answerOf(response) {
  if (response.status === 413) return { ok: false, text: "The picture is larger than 20 MB." };
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  const body = isJson ? await response.json() : {};
  if (response.ok) return { ok: true, text: `Taken, ${body.width} × ${body.height} pixels.` };
  return { ok: false, text: body.error ?? `The kiosk refused it (${response.status}).` };
}

function tell(name, { ok, text }) {
  const item = document.createElement("li");
  item.className = "result";
  item.dataset.tone = ok ? "ok" : "refused";
  item.append(icon(ok ? "check" : "blocked"), words("result__name", name), words("result__text", text));
  results.prepend(item);
  while (results.children.length > MOST_RESULTS) results.lastElementChild.remove();
}

function words(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}

function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  svg.firstChild.setAttribute("href", `#${name}`);
  return svg;
}

async function pick(card) {
  card.setAttribute("aria-busy", "true");
  try {
    const picture = await fetch(card.dataset.picture);
    if (!picture.ok) throw new Error(picture.statusText);
    await send(card.dataset.name, await picture.blob());
  } catch {
    tell(card.dataset.name, { ok: false, text: "Its picture is gone: load this page anew." });
  } finally {
    card.removeAttribute("aria-busy");
  }
}

async function sendAll(files) {
  for (const file of files) await send(file.name, file);
}

for (const card of document.querySelectorAll(".card")) {
  card.addEventListener("click", () => pick(card));
}

chooser.addEventListener("change", async () => {
  await sendAll([...chooser.files]);
  chooser.value = "";
});

// The whole page takes drops, so that a photo let go beside the frame does not open in its place.
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("is-dragging");
});
addEventListener("dragleave", () => document.body.classList.remove("is-dragging"));
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("is-dragging");
  sendAll([...event.dataTransfer.files]);
});
