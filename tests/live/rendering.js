// The chat's own modules, and the console's HTML, brought to one form. Run in a page by test_one_rendering.py.
const { linkMarks } = await import("/static/chat/markdown/cite.js");
const { paint, showable } = await import("/static/chat/markdown/stream.js");

const KEPT = { href: (element) => element.href, start: (element) => element.start, "data-side": (element) => element.dataset.side };
const UNWRAPPED = "div.code, div.table";

// Elements and text as HTML, without what only one side has: a button to copy with, white space between blocks.
function form(node) {
  if (node.nodeType === Node.TEXT_NODE) {
    const isCode = node.parentElement?.closest("pre");
    const text = isCode ? node.data.replace(/\n$/, "") : node.data.replace(/\s+/g, " ");
    return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
  }
  if (node.nodeName === "BUTTON") return "";
  const inside = [...node.childNodes].map(form).join("");
  if (node.nodeType !== Node.ELEMENT_NODE || node.matches(UNWRAPPED)) return inside;
  const tag = node.localName;
  const kept = Object.keys(KEPT).filter((name) => node.hasAttribute(name)).map((name) => ` ${name}="${KEPT[name](node)}"`);
  return ["br", "hr"].includes(tag) ? `<${tag}>` : `<${tag}${kept.join("")}>${inside}</${tag}>`;
}

const tidy = (html) => html.replace(/ ?(<\/?(?:p|ul|ol|li|blockquote|pre|hr|table|thead|tbody|tr|th|td)\b[^>]*>|<br>) ?/g, "$1").trim();

const whole = (place) => tidy([...place.childNodes].map(form).join(""));

export function chat(text, sources) {
  const place = document.createElement("div");
  paint(place, text);
  linkMarks(place, sources);
  return whole(place);
}

export function console(html) {
  const place = new DOMParser().parseFromString(html, "text/html").body;
  return whole(place);
}

export function timed(text) {
  const place = document.createElement("div");
  const start = performance.now();
  paint(place, text);
  return { seconds: (performance.now() - start) / 1000, shown: whole(place) };
}

// Written a few characters at a time: the greatest number of blocks that one step made anew, and whether it ended as
// what is written in one go.
export function streamed(text, step = 3) {
  const place = document.createElement("div");
  let most = 0;
  for (let end = step; end < text.length; end += step) {
    const before = new Set(place.childNodes);
    paint(place, showable(text.slice(0, end)));
    most = Math.max(most, [...place.childNodes].filter((node) => !before.has(node)).length);
  }
  paint(place, text);
  return { most, same: whole(place) === chat(text, []) };
}

export function showing(text) {
  const place = document.createElement("div");
  paint(place, showable(text));
  return whole(place);
}
