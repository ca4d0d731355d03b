// The page: the log and the line to write in.
const $ = (id) => document.getElementById(id);
const log = $("log");
const scroll = $("scroll");
const NEAR_PX = 96;
let pinned = true;

export const input = $("text");

// ---- messages

export function visitor(text, id = "") {
  const item = fromTemplate("visitor", id);
  item.querySelector(".text").textContent = text;
  return add(item);
}

export const known = (id) => log.querySelector(`[data-id="${CSS.escape(id)}"]`) !== null;

export function part(text) {
  const line = document.createElement("li");
  line.className = "parted";
  line.textContent = text;
  add(line);
}

export function fromTemplate(name, id = "") {
  const item = $(name).content.firstElementChild.cloneNode(true);
  if (id) item.dataset.id = id;
  return item;
}

export function add(item) {
  log.append(item);
  for (const name of ["restart", "starters"]) if ($(name)) $(name).hidden = name === "starters";
  keepEnd();
  return item;
}

export function remove(...items) {
  for (const item of items) item.remove();
  const empty = !log.children.length;
  $("restart").hidden = empty;
  if ($("starters")) $("starters").hidden = !empty;
}

// ---- what is said beside the talk

export function busy(on) {
  $("send").setAttribute("aria-disabled", String(on));
  for (const button of log.querySelectorAll("[data-retry] button")) button.disabled = on;
}

// Stop stands where Send does, while there is an answer to stop. Whoever was on the one is on the other.
export function stoppable(on) {
  const [shown, hidden] = on ? [$("stop"), $("send")] : [$("send"), $("stop")];
  const had = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  if (had) shown.focus();
}

export function giveBack(text) {
  input.value = [text, input.value].filter(Boolean).join("\n");
  fit();
  input.focus();
}

export function clear() {
  input.value = "";
  fit();
}

// ---- staying at the end, unless somebody reads further up

export function toEnd() {
  pinned = true;
  keepEnd();
}

export function keepEnd() {
  if (pinned) scroll.scrollTop = scroll.scrollHeight;
  else $("to-end").hidden = false;
}

scroll.addEventListener("scroll", () => {
  pinned = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  if (pinned) $("to-end").hidden = true;
}, { passive: true });
$("to-end").addEventListener("click", toEnd);
new ResizeObserver(keepEnd).observe(scroll);

// ---- the line grows with what is in it

export function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}
input.addEventListener("input", fit);
