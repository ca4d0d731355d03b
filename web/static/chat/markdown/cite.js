// Turns marks like [1] into links to the source of that number, except in code and links.
const MARK = /\[(\d{1,2})\]/;

export function linkMarks(place, sources) {
  const known = new Map(sources.map((source) => [String(source.number), source]));
  for (const text of texts(place)) {
    const parts = text.data.split(/(\[\d{1,2}\])/).map((part) => {
      const source = known.get(MARK.exec(part)?.[1]);
      return source ? mark(source) : part;
    });
    if (parts.some((part) => typeof part !== "string")) text.replaceWith(...parts);
  }
}

function texts(place) {
  const found = [];
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { currentNode: text } = walker;
    if (MARK.test(text.data) && !text.parentElement.closest("a, code, sup")) found.push(text);
  }
  return found;
}

function mark({ number, title, url }) {
  const made = document.createElement("sup");
  const label = document.createElement(url ? "a" : "span");
  if (url) Object.assign(label, { href: url, target: "_blank", rel: "noopener noreferrer nofollow" });
  Object.assign(label, { className: "cite", title, textContent: number });
  if (url) label.setAttribute("aria-label", `${number}: ${title}`);
  made.append(label);
  return made;
}
