// Keeps a page live: the server says that something has changed, and htmx asks for what. A hidden page lets go of
// its connection, for a browser has six for each host.
"use strict";

const url = document.body.dataset.events;
const state = document.getElementById("state");
let source = null;

function say(word) {
  if (state && state.textContent !== word) state.textContent = word;
}

function listen() {
  if (!url || source) return;
  source = new EventSource(url);
  source.addEventListener("open", () => say("live"));
  source.addEventListener("changed", () => document.body.dispatchEvent(new Event("changed")));
  source.addEventListener("over", () => location.reload());
  source.addEventListener("error", () => {
    say("reconnecting");
    if (source.readyState === EventSource.CLOSED) {
      source = null;
      setTimeout(() => { if (!document.hidden) listen(); }, 3000);
    }
  });
}

function leave() {
  if (source) source.close();
  source = null;
}

document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
window.addEventListener("pagehide", leave);
window.addEventListener("pageshow", (event) => (event.persisted ? location.reload() : listen()));
for (const form of document.querySelectorAll("form")) form.addEventListener("submit", leave);
listen();
