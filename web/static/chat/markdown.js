// A model's text as elements: paragraphs, lists, quotes, tables, code and links. Text is data: nodes are made one by
// one, nothing is parsed as HTML, only http and https links are links, and no picture is loaded.
import { element, inline } from "./inline.js";
import { begins, table } from "./table.js";
import { say } from "./words.js";

const FENCE = /^ {0,3}```(\S*)\s*$/;
const BULLET = /^( {0,3})[-*+] +(.*)$/;
const NUMBER = /^( {0,3})(\d{1,9})[.)] +(.*)$/;
const HEADING = /^ {0,3}#{1,6} +(.*?) *#*$/;
const RULE = /^ {0,3}([-*_])( *\1){2,} *$/;
const QUOTE = /^ {0,3}> ?(.*)$/;

// The text as blocks: what each is made from, and how to make it.
export function blocks(text) {
  const lines = text.split("\n");
  const found = [];
  while (lines.length) {
    if (!lines[0].trim()) { lines.shift(); continue; }
    found.push(fence(lines) ?? single(lines) ?? table(lines) ?? list(lines, BULLET, "ul") ?? list(lines, NUMBER, "ol") ?? quote(lines) ?? paragraph(lines));
  }
  return found;
}

const block = (source, make) => ({ source, make });

function fence(lines) {
  if (!FENCE.test(lines[0])) return null;
  lines.shift();
  const code = [];
  while (lines.length && !FENCE.test(lines[0])) code.push(lines.shift());
  lines.shift();
  const text = code.join("\n");
  return block(`\`${text}`, () => {
    const pre = Object.assign(element("pre", [element("code", [text])]), { tabIndex: 0, dir: "ltr" });
    const copy = Object.assign(element("button", [say("copy")]), { type: "button" });
    copy.dataset.copy = "";
    return Object.assign(element("div", [copy, pre]), { className: "code" });
  });
}

function single(lines) {
  if (RULE.test(lines[0])) return block(lines.shift(), () => element("hr"));
  const heading = HEADING.exec(lines[0]);
  if (!heading) return null;
  return block(lines.shift(), () => element("p", [element("strong", inline(heading[1]))]));
}

function list(lines, mark, tag) {
  if (!mark.test(lines[0])) return null;
  const start = tag === "ol" ? Number(mark.exec(lines[0])[2]) : 1;
  const items = [];
  const source = [];
  while (lines.length && continues(lines, mark)) {
    const line = lines.shift();
    source.push(line);
    const item = mark.exec(line);
    if (item) items.push([item.at(-1)]);
    else items.at(-1).push(line.replace(/^ {1,4}/, ""));
  }
  return block(source.join("\n"), () => {
    const made = element(tag, items.map((item) => element("li", inside(item.join("\n")))));
    if (start > 1) made.start = start;
    return made;
  });
}

// The next item, a line indented under this one, or a blank line before either.
function continues([line, next = ""], mark) {
  if (!line.trim()) return mark.test(next) || /^ {2,}\S/.test(next);
  return mark.test(line) || /^ {2,}\S/.test(line);
}

// An item of one paragraph needs no <p> around it.
function inside(text) {
  const parts = blocks(text);
  if (!parts.length) return [];
  const [first, ...more] = parts.map((part) => part.make());
  return first.tagName === "P" ? [...first.childNodes, ...more] : [first, ...more];
}

function quote(lines) {
  if (!QUOTE.test(lines[0])) return null;
  const inner = [];
  while (lines.length && QUOTE.test(lines[0])) inner.push(QUOTE.exec(lines.shift())[1]);
  return block(`>${inner.join("\n")}`, () => element("blockquote", blocks(inner.join("\n")).map((part) => part.make())));
}

function paragraph(lines) {
  const own = [lines.shift()];
  const ends = (line) => !line.trim() || [FENCE, BULLET, NUMBER, HEADING, QUOTE].some((mark) => mark.test(line));
  while (lines.length && !ends(lines[0]) && !begins(lines)) own.push(lines.shift());
  return block(own.join("\n"), () => element("p", own.flatMap((line, at) => (at ? [element("br"), ...inline(line)] : inline(line)))));
}
