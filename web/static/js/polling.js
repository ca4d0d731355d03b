// A part that polls (hx-trigger "load delay:1s, poll-again"): pauses while the tab is hidden, and backs off after
// failed requests. Only GETs poll.
import { behavior } from "./behavior.js";

const FIRST_WAIT_MS = 2000;
const LONGEST_WAIT_MS = 30000;
let wait = FIRST_WAIT_MS;

const isPoll = (element) => element?.matches?.('[data-behavior~="polling"]');
const again = (element) => element.isConnected && htmx.trigger(element, "poll-again");

behavior("polling", (piece) => {
  piece.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== piece || !document.hidden) return;
    event.preventDefault();
    document.addEventListener("visibilitychange", () => again(piece), { once: true });
  });
});

document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, successful } = event.detail;
  if (!isPoll(elt)) return;
  if (successful) { wait = FIRST_WAIT_MS; return; }
  setTimeout(() => again(elt), wait);
  wait = Math.min(wait * 2, LONGEST_WAIT_MS);
});
