// Below an answer: its sources and the visitor's rating.

export function showSources(item, sources) {
  const place = item.querySelector(".sources");
  place.replaceChildren(...sources.map(line));
  place.hidden = !sources.length;
}

// {number, title, url}; url is "" if the source has no page.
export function sourcesOf(item) {
  return [...item.querySelectorAll(".sources li > *")].map((label) => {
    const [number, title] = [...label.children].map((part) => part.textContent);
    return { number, title, url: label.href ?? "" };
  });
}

function line({ number, title, url }) {
  const label = document.createElement(isLink(url) ? "a" : "span");
  if (isLink(url)) Object.assign(label, { href: url, target: "_blank", rel: "noopener noreferrer nofollow" });
  for (const [tag, text] of [["b", number], ["bdi", title]]) {
    label.append(Object.assign(document.createElement(tag), { textContent: text }));
  }
  const made = document.createElement("li");
  made.append(label);
  return made;
}

function isLink(url) {
  return URL.canParse(url) && ["http:", "https:"].includes(new URL(url).protocol);
}

const thumbs = (item) => [...item.querySelectorAll(".thumbs button")].map((button, at) => [button, at ? -1 : 1]);

// 1, -1, or 0 for none. Pressing a pressed thumb removes the rating.
export function press(item, thumb) {
  for (const [button, means] of thumbs(item)) {
    button.setAttribute("aria-pressed", String(thumb === means));
    button.value = thumb === means ? 0 : means;
  }
}

export function thumbOf(item) {
  return thumbs(item).find(([button]) => button.getAttribute("aria-pressed") === "true")?.[1] ?? 0;
}

// Shown immediately; reverted, and thrown, if it was not stored.
export async function rate(api, answer, thumb) {
  const before = answer.thumb;
  answer.thumb = thumb;
  await api.feedback(answer.id, thumb).catch((error) => {
    answer.thumb = before;
    throw error;
  });
}
