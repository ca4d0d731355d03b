// A table as GitHub writes it: a line of heads, a line of dashes, then rows. What is too wide scrolls by itself.
import { element, inline } from "./inline.js";

const DASHES = /^ {0,3}\|? *:?-+:? *(\| *:?-+:? *)*\|? *$/;
const CELLS = /(?<!\\)\|/;

// Takes the table off the front of the lines, if one begins there.
export function table(lines) {
  if (!begins(lines)) return null;
  const head = cells(lines[0]);
  const sides = cells(lines[1]).map((dashes) => (dashes.endsWith(":") ? (dashes.startsWith(":") ? "center" : "end") : "start"));
  const source = lines.splice(0, 2);
  const rows = [];
  while (lines.length && lines[0].includes("|")) {
    rows.push(cells(lines[0]));
    source.push(lines.shift());
  }
  const row = (tag, texts) => element("tr", sides.map((side, at) => cell(tag, texts[at] ?? "", side)));
  return {
    source: source.join("\n"),
    make() {
      const made = element("table", [element("thead", [row("th", head)]), element("tbody", rows.map((texts) => row("td", texts)))]);
      return Object.assign(element("div", [made]), { className: "table", tabIndex: 0 });
    },
  };
}

export function begins([head = "", dashes = ""]) {
  return head.includes("|") && dashes.includes("-") && DASHES.test(dashes) && cells(head).length === cells(dashes).length;
}

function cells(line) {
  const inner = line.trim().replace(/^\|/, "").replace(/(?<!\\)\|$/, "");
  return inner.split(CELLS).map((text) => text.trim().replaceAll("\\|", "|"));
}

function cell(tag, text, side) {
  const made = element(tag, inline(text));
  made.dataset.side = side;
  return made;
}
