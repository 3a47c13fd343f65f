// Shows what the kiosk's stream says, and says so when there is no stream.
"use strict";

const stage = document.getElementById("stage");
const sign = document.querySelector(".sign");
const body = document.body;

const SILENCE_MS = 15_000; // three heartbeats
const FORGET_MS = 30_000; // how long a screen may stay on without a server
const REOPEN_MS = 1_000;
const ASK_MS = 10_000;

let source = null;
let silence = 0;
let forgetting = 0;

function connect() {
  clearTimeout(silence);
  source?.close();
  source = new EventSource("/events");
  source.addEventListener("screen", (event) => show(event.lastEventId, JSON.parse(event.data)));
  source.addEventListener("heartbeat", (event) => hear(JSON.parse(event.data).build));
  source.addEventListener("displaced", stepAside);
  source.addEventListener("error", lose);
  silence = setTimeout(lose, SILENCE_MS);
}

function show(id, screen) {
  if (body.dataset.shown === id) return;
  body.dataset.shown = id;
  stage.innerHTML = screen.html;
  document.documentElement.lang = screen.language;
  document.documentElement.dataset.tone = screen.tone;
}

function hear(build) {
  if (build !== body.dataset.build) {
    location.reload();
    return;
  }
  clearTimeout(silence);
  clearTimeout(forgetting);
  forgetting = 0;
  silence = setTimeout(lose, SILENCE_MS);
  say("open");
}

function lose() {
  source.close();
  clearTimeout(silence);
  silence = setTimeout(connect, REOPEN_MS);
  if (forgetting) return;
  say("lost", sign.dataset.lost);
  forgetting = setTimeout(() => say("gone", sign.dataset.lost), FORGET_MS);
}

// A newer page is served now. Once that one is gone, or somebody touches this one, it is our turn again.
function stepAside() {
  source.close();
  clearTimeout(silence);
  say("elsewhere", sign.dataset.elsewhere);
  const asking = setInterval(async () => {
    if (!(await isWatched())) takeOver();
  }, ASK_MS);
  document.addEventListener("pointerdown", takeOver);

  function takeOver() {
    clearInterval(asking);
    document.removeEventListener("pointerdown", takeOver);
    connect();
  }
}

async function isWatched() {
  try {
    const answer = await fetch("/healthz");
    return (await answer.json()).watched;
  } catch {
    return false;
  }
}

function say(connection, words = "") {
  body.dataset.connection = connection;
  sign.textContent = words;
}

connect();
