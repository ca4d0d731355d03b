// What stands below an answer: what it was given to answer from, and the visitor's thumb.

export function showSources(item, sources) {
  const place = item.querySelector(".sources");
  place.replaceChildren(...sources.map(line));
  place.hidden = !sources.length;
}

function line({ number, title, url }) {
  const label = document.createElement(isLink(url) ? "a" : "span");
  if (isLink(url)) Object.assign(label, { href: url, target: "_blank", rel: "noopener noreferrer nofollow" });
  const mark = document.createElement("b");
  mark.textContent = number;
  label.append(mark, title);
  const made = document.createElement("li");
  made.append(label);
  return made;
}

function isLink(url) {
  return URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
}

const thumbs = (item) => [...item.querySelectorAll(".thumbs button")].map((button, at) => [button, at ? -1 : 1]);

// 1, -1, or 0 for none. A pressed thumb takes itself back.
export function press(item, thumb) {
  for (const [button, means] of thumbs(item)) {
    button.setAttribute("aria-pressed", String(thumb === means));
    button.value = thumb === means ? 0 : means;
  }
}

export function thumbOf(item) {
  return thumbs(item).find(([button]) => button.getAttribute("aria-pressed") === "true")?.[1] ?? 0;
}
