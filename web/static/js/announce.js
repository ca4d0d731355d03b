// Announces an element's sentence ([data-say]) to screen readers when it changes.
import { behavior } from "./behavior.js";

let last = "";

behavior("announce", (piece) => {
  const text = piece.querySelector("[data-say]")?.textContent.trim() ?? "";
  if (text === last) return;
  last = text;
  const live = document.getElementById("live");
  (document.querySelector("dialog[open]") ?? document.body).append(live);
  live.textContent = text;
});
