// Limits on the Markdown rendered in one text, the same as in web/markdown_budget.py. A text over a limit is shown
// as plain paragraphs.
const MAX_LINES = 3000;
const MAX_BLOCK_TOKENS = 4000;
const MAX_CELLS = 1500;
const MAX_MARKS = 4000;
const MARKS = /[\n*_`~[\]!<>&\\|:/#]/g;
const DELIMITERS = /^[-:| \t]+$/;

export class TooMuchMarkdown extends Error {}

const count = (text, marks) => text.match(marks)?.length ?? 0;

export function checkLines(text) {
  if (count(text, /\n/g) > MAX_LINES) throw new TooMuchMarkdown();
}

// Runs before the block rules and never matches.
export function checkBlock(state, line, end) {
  state.env.blocks = (state.env.blocks ?? 0) + 1;
  const tooMany = Math.max(state.tokens.length, state.env.blocks) > MAX_BLOCK_TOKENS;
  if (tooMany || cells(state, line, end) > MAX_CELLS) throw new TooMuchMarkdown();
  return false;
}

export function checkMarks(tokens) {
  let marks = 0;
  for (const { type, content } of tokens) if (type === "inline") marks += count(content, MARKS);
  if (marks > MAX_MARKS) throw new TooMuchMarkdown();
}

function cells(state, line, end) {
  if (line + 1 >= end || !DELIMITERS.test(lineOf(state, line + 1))) return 0;
  let last = line + 1;
  while (last < end && !state.isEmpty(last)) last += 1;
  return (count(lineOf(state, line), /\|/g) + 1) * (last - line);
}

const lineOf = (state, line) => state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]);

// The text as paragraphs and line breaks, in the form that blocks() gives.
export function plainBlocks(text) {
  const parts = text.split(/\n\n+/).map((part) => part.replace(/^\n+|\n+$/g, ""));
  return parts.filter(Boolean).map((source) => ({ source, definitions: "plain", make: () => paragraph(source) }));
}

function paragraph(text) {
  const made = document.createElement("p");
  text.split("\n").forEach((line, at) => {
    if (at) made.append(document.createElement("br"));
    made.append(line);
  });
  return made;
}
