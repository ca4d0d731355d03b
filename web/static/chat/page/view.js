// The log: its messages and status lines, and scrolling along.
const $ = (id) => document.getElementById(id);
const log = $("log");
const scroll = $("scroll");
const NEAR_PX = 96;
let pinned = true;
let held = false;

// ---- messages

export function visitor(text, id = "") {
  const item = fromTemplate("visitor", id);
  item.querySelector(".text").textContent = text;
  return add(item);
}

export const known = (id) => log.querySelector(`[data-id="${CSS.escape(id)}"]`) !== null;

// A line across the log with a label.
export function parting(text, className = "parted") {
  const line = document.createElement("li");
  line.className = className;
  line.textContent = text;
  return line;
}

export function fromTemplate(name, id = "") {
  const item = $(name).content.firstElementChild.cloneNode(true);
  if (id) item.dataset.id = id;
  return item;
}

export function add(item) {
  log.append(item);
  $("restart").hidden = false;
  $("starters").hidden = true;
  keepEnd();
  return item;
}

export function remove(...items) {
  for (const item of items) item.remove();
  const empty = !log.children.length;
  $("restart").hidden = empty;
  $("starters").hidden = !empty || !$("starters").querySelector("button");
}

export const empty = () => remove(...log.children);

// ---- status

export function busy(on) {
  $("send").setAttribute("aria-disabled", String(on));
  for (const button of log.querySelectorAll("[data-retry] button")) button.disabled = on;
}

// Stop replaces Send while an answer is being written, and the focus moves along.
export function stoppable(on) {
  const [shown, hidden] = on ? [$("stop"), $("send")] : [$("send"), $("stop")];
  const had = document.activeElement === hidden;
  shown.hidden = false;
  hidden.hidden = true;
  if (had) shown.focus();
}

// ---- scrolls along, unless the visitor reads further up

export function toEnd() {
  pinned = true;
  keepEnd();
}

// For many messages: one layout at the end instead of one for each.
export function together(add) {
  held = true;
  add();
  held = false;
  keepEnd();
}

export function keepEnd() {
  if (held) return;
  if (pinned) scroll.scrollTop = scroll.scrollHeight;
  else $("to-end").hidden = false;
}

scroll.addEventListener("scroll", () => {
  pinned = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_PX;
  if (pinned) $("to-end").hidden = true;
}, { passive: true });
$("to-end").addEventListener("click", toEnd);
new ResizeObserver(keepEnd).observe(scroll);
