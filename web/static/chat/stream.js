// Text that grows: which part of it can be shown already, and putting it on the page without touching what stands.
import { blocks } from "./markdown.js";

// What stands at the end of a text and may be half a word. Chinese, Japanese, Korean and Thai part words by no space.
const HALF_WORD = /[^\s\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]*$/;

// Whole words only; no half link; a mark that is still open is closed for now, so that no asterisk flashes by.
export function showable(text) {
  const words = text.slice(0, text.search(HALF_WORD));
  const whole = words.replace(/\[[^\]\n]*(\]\([^)\s]*)?$/, "");
  const line = whole.slice(whole.lastIndexOf("\n\n") + 1);
  if ((whole.match(/^ {0,3}```/gm)?.length ?? 0) % 2) return whole;
  for (const mark of ["**", "`"]) {
    if ((line.split(mark).length - 1) % 2) return whole.trimEnd() + mark;
  }
  return whole;
}

const painted = new WeakMap();

// Only blocks that changed are made anew: a selection in an earlier paragraph survives, nothing jumps.
export function paint(place, text) {
  const next = blocks(text);
  const before = painted.get(place) ?? [];
  if (!before.length) place.replaceChildren();
  let same = 0;
  while (same < before.length && same < next.length && before[same].source === next[same].source) same += 1;
  while (place.childNodes.length > same) place.lastChild.remove();
  place.append(...next.slice(same).map((block) => block.make()));
  painted.set(place, next);
}

const ENDS = [". ", "! ", "? ", "\n", "؟ ", "。", "！", "？"];

// For the ear: whole sentences, without marks, in the order they come.
export function sentences(text, done) {
  const plain = text
    .replace(/^ {0,3}(```\S*|#+|[-*+>]|\d+[.)]|\|[-:| ]+\|$)\s*/gm, "")
    .replace(/\[([^\]]+)\]\([^)]*\)/g, "$1")
    .replace(/\*\*|`|\[\d{1,2}\]/g, "")
    .replace(/\|/g, " ");
  return done ? plain : plain.slice(0, Math.max(...ENDS.map((end) => plain.lastIndexOf(end) + 1)));
}
