// Tokens as elements. Nodes are created one by one, never parsed from HTML. Only http, https and mailto are links,
// and images become links, so that nothing is loaded.
import { say } from "../words.js";

const ADDRESS = /https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+[^\s<>"'`\u3000-\u303f\uff00-\uffef.,:;!?)\]]/g;
const SIDES = { "text-align:center": "center", "text-align:right": "end" };
const SIDED = new Set(["ul", "ol", "blockquote"]); // numbers and lines stand where the text begins
const TAGS = new Set(["p", "ul", "ol", "li", "blockquote", "thead", "tbody", "tr", "th", "td", "strong", "em", "s"]);
// The nesting limit: inline marks may nest without end, and browsers lay out each level on their stack.
const DEEPEST = 100;

// A path without a host would point into the page that shows it.
export function isLink(address) {
  return /^(https?:\/\/[^/\\]|mailto:)/i.test(address) && URL.canParse(address);
}

export function written(tokens) {
  const root = document.createDocumentFragment();
  const opened = [];
  let place = root;
  for (const token of tokens) {
    if (token.hidden) continue;
    if (token.nesting > 0) {
      opened.push(place);
      if (opened.length <= DEEPEST) place = begin(token, place);
    } else if (token.nesting < 0) {
      place = opened.pop();
    } else {
      place.append(...leaf(token, place));
    }
  }
  return root;
}

// Appends the element; returns where its content goes.
function begin(token, place) {
  if (token.tag === "a") return isLink(token.attrGet("href")) ? put(place, link(token.attrGet("href"))) : place;
  if (token.type === "heading_open") return put(put(place, element("p")), element("strong"));
  if (token.tag === "table") return put(put(place, element("div", { className: "table", tabIndex: 0 })), element("table"));
  if (!TAGS.has(token.tag)) return place;
  const made = put(place, element(token.tag));
  if (SIDED.has(token.tag)) made.dir = "auto";
  const side = SIDES[token.attrGet("style")];
  if (side) made.dataset.side = side;
  if (token.attrGet("start") !== null) made.start = token.attrGet("start");
  return made;
}

function leaf(token, place) {
  switch (token.type) {
    case "inline": return written(token.children).childNodes;
    case "text": return place.closest?.("a") ? [token.content] : withAddresses(token.content);
    case "softbreak":
    case "hardbreak": return [element("br")];
    case "code_inline": return [element("code", { textContent: token.content, dir: "ltr" })];
    case "fence":
    case "code_block": return [code(token.content.replace(/\n$/, ""))];
    case "hr": return [element("hr")];
    case "image": return picture(token, place);
    default: return [token.content];
  }
}

function code(text) {
  const copy = element("button", { type: "button", textContent: say("copy") });
  copy.dataset.copy = "";
  const pre = element("pre", { tabIndex: 0, dir: "ltr" });
  put(pre, element("code", { textContent: text }));
  const made = element("div", { className: "code" });
  made.append(copy, pre);
  return made;
}

function picture(token, place) {
  const address = token.attrGet("src");
  const label = token.children.map(({ content }) => content).join("");
  if (!isLink(address) || place.closest?.("a")) return [label];
  return [link(address, label || address)];
}

// A visible URL is always left to right.
function withAddresses(text) {
  const parts = [];
  let end = 0;
  for (const { 0: address, index } of text.matchAll(ADDRESS)) {
    if (!isLink(address)) continue;
    parts.push(text.slice(end, index), Object.assign(link(address, address), { dir: "ltr" }));
    end = index + address.length;
  }
  return [...parts, text.slice(end)].filter(Boolean);
}

function link(address, label = "") {
  return element("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow", textContent: label });
}

function put(place, made) {
  place.append(made);
  return made;
}

function element(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}
