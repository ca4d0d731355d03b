// Reads a piece's sentence ([data-say]) to a screen reader when it changes; a poll that brings the same sentence stays silent.
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
