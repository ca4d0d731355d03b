// Whether this browser is online: shown in the header and above the input, and awaited by readers of an answer.
import { note } from "./note.js";
import { speak } from "./speak.js";
import { say } from "../words.js";

const page = document.getElementById("chat");
const state = document.getElementById("state");
const banner = document.getElementById("offline");

export const online = () => navigator.onLine;

// Resolves as soon as the browser is online.
export function backOnline() {
  if (online()) return Promise.resolve();
  return new Promise((resolve) => addEventListener("online", resolve, { once: true }));
}

function show() {
  page.toggleAttribute("data-offline", !online());
  banner.hidden = online();
  state.textContent = online() ? state.dataset.online : state.dataset.offline;
}

addEventListener("offline", () => {
  show();
  speak(say("offline"));
});
addEventListener("online", () => {
  show();
  note();
  speak(state.textContent);
});
show();
