// Messages in a polite live region: flashed by the page, from a script (toast()), or from the server with a partial
// page: HX-Trigger: {"toast": {"kind": "good", "text": "…"}}.
import { behavior } from "./behavior.js";

const ICONS = { good: "circle-check", warning: "triangle-alert", bad: "circle-alert", info: "info" };
const SECONDS_A_WORD = 0.4;
const SECONDS_AT_LEAST = 5;

export function toast(kind, text) {
  const region = document.getElementById("toasts");
  const item = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  const known = kind in ICONS ? kind : "info";
  item.dataset.kind = known;
  item.querySelector("p").textContent = text;
  const use = item.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${ICONS[known]}`));
  host().append(region);
  region.append(item);
  leaveLater(item);
}

// A modal dialog makes the rest of the page inert, so the region moves into an open dialog.
function host() {
  return document.querySelector("dialog[open]") ?? document.body;
}

// Errors stay until dismissed; others disappear after enough time to read them, unless hovered.
function leaveLater(item) {
  if (item.dataset.kind === "bad") return;
  const words = item.textContent.trim().split(/\s+/).length;
  const wait = Math.max(SECONDS_AT_LEAST, words * SECONDS_A_WORD) * 1000;
  const leave = () => (item.matches(":hover, :focus-within") ? setTimeout(leave, wait) : item.remove());
  setTimeout(leave, wait);
}

behavior("toasts", (region) => {
  region.addEventListener("click", (event) => event.target.closest("[data-close]")?.closest(".toast").remove());
  for (const item of region.querySelectorAll(".toast")) leaveLater(item);
});

document.addEventListener("toast", (event) => toast(event.detail.kind, event.detail.text));
