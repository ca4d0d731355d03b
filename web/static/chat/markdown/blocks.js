// A model's text as blocks. Uses markdown-it with the rules and limits of web/markdown.py, whose parser is a port
// of it. tests/rendering/markdown_cases.toml tests both.
import { ParserBlock, ParserInline, helpers, joinText, normalize } from "../../vendor/markdown-it@14.3.3/parser.min.js";
import { TooMuchMarkdown, checkBlock, checkLines, checkMarks, plainBlocks } from "./budget.js";
import { isLink, written } from "./elements.js";

const parser = {
  block: new ParserBlock(),
  inline: new ParserInline(),
  helpers,
  options: { html: false, maxNesting: 20 },
  normalizeLink: (address) => address,
  normalizeLinkText: (address) => address,
  validateLink: isLink,
};
parser.block.ruler.before("table", "budget", checkBlock);

// Each block with its source lines, the link definitions, and a function that creates its element. Only make()
// parses inline content, so a stream parses only what changed.
export function blocks(text) {
  const state = { src: text };
  normalize(state);
  try {
    return laidOut(state);
  } catch (error) {
    if (!(error instanceof TooMuchMarkdown)) throw error;
    return plainBlocks(state.src);
  }
}

function laidOut(state) {
  const tokens = [];
  const env = {};
  checkLines(state.src);
  parser.block.parse(state.src, parser, env, tokens);
  checkMarks(tokens);
  const lines = state.src.split("\n");
  const definitions = JSON.stringify(env.references ?? {});
  return topLevel(tokens).map((own) => ({
    source: lines.slice(...own[0].map).join("\n"),
    definitions,
    make: () => made(own, env),
  }));
}

function topLevel(tokens) {
  const found = [];
  let start = 0;
  tokens.forEach((token, at) => {
    if (token.level || token.nesting > 0) return;
    found.push(tokens.slice(start, at + 1));
    start = at + 1;
  });
  return found;
}

function made(tokens, env) {
  for (const { type, content, children } of tokens) {
    if (type === "inline") parser.inline.parse(content, parser, env, children);
  }
  joinText({ tokens });
  return written(tokens).firstChild;
}
