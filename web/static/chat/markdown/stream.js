// Growing text: which part can be shown already, and how to render it without replacing existing blocks.
import { blocks } from "./blocks.js";

// Where a word may end. Chinese, Japanese, Korean and Thai use no spaces.
const WORD_END = /[\s\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]/;
const HALF_LINK = /^\[[^\]\n]*(\]\([^)\s]*)?$/;
// A line of only marks is ambiguous: "-" may become an item, a rule, or the underline of a heading.
const ONLY_MARKS = /(^|\n)[^\S\n]*(?:[-+*=_>#|:`~]+|\d+[.)]?)[^\S\n]*$/;
// A table's header row, before its separator row has arrived.
const TABLE_HEAD = /(^|\n\n)[^\S\n]*\|[^\n]*(?:\n[-|: \t]*\n?)?$/;
const FENCE = /^(?:\s|[-*+>]|\d+[.)])*(`{3,}|~{3,})(.*)$/;

// Whole words, no partial links. Open marks are closed for now, so that no asterisks flash up.
export function showable(text) {
  const words = wholeWords(text);
  if (inFence(words)) return words;
  const whole = withoutHalfLink(words.replace(ONLY_MARKS, "$1").replace(TABLE_HEAD, "$1"));
  const line = whole.slice(whole.lastIndexOf("\n\n") + 1).replace(/\\[\\*`]/g, "");
  for (const mark of ["**", "`"]) {
    if ((line.split(mark).length - 1) % 2) return whole.trimEnd() + mark;
  }
  return whole;
}

function wholeWords(text) {
  let end = text.length;
  while (end && !WORD_END.test(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

function withoutHalfLink(text) {
  const start = text.lastIndexOf("[");
  if (start < 0 || !HALF_LINK.test(text.slice(start))) return text;
  return text.slice(0, text[start - 1] === "!" ? start - 1 : start);
}

// A fence is closed by a line with at least as many of the same character.
function inFence(text) {
  let open = "";
  for (const line of text.split("\n")) {
    const [, mark, rest] = FENCE.exec(line) ?? [];
    if (!mark) continue;
    if (!open) open = mark;
    else if (mark.startsWith(open) && !rest.trim()) open = "";
  }
  return open !== "";
}

const painted = new WeakMap();

// Replaces only changed blocks, so that a selection in an earlier paragraph survives and nothing jumps.
export function paint(place, text) {
  const next = blocks(text);
  const before = painted.get(place) ?? [];
  if (!before.length) place.replaceChildren();
  let same = 0;
  while (same < before.length && same < next.length && isSame(before[same], next[same])) same += 1;
  while (place.childNodes.length > same) place.lastChild.remove();
  place.append(...next.slice(same).map((block) => block.make()));
  painted.set(place, next);
}

const isSame = (one, other) => one.source === other.source && one.definitions === other.definitions;

const ENDS = [". ", "! ", "? ", "\n", "؟ ", "。", "！", "？"];

// For screen readers: whole sentences in order, without marks.
export function sentences(text, done) {
  const plain = text
    .replace(/^ *(?:[`~]{3,}.*$|(?:#+|[-*+>]|\d+[.)])\s+|\|[-:| ]+\|$)/gm, "")
    .replace(/\[([^\][]+)\]\([^()]*\)/g, "$1")
    .replace(/\*\*|`|\[\d{1,2}\]|\\(?=[!-/:-@[-`{-~])/g, "")
    .replace(/\|/g, " ");
  return done ? plain : plain.slice(0, Math.max(...ENDS.map((end) => plain.lastIndexOf(end) + 1)));
}
