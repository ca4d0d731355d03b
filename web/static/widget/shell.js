// The launcher and the window for the frame, in a closed shadow root that the page's styles can't reach.

const element = make("mevichat-widget");
const root = element.attachShadow({ mode: "closed" });
const badge = make("span", { class: "badge", "aria-hidden": "true" });
const launcher = make("button", { class: "launcher", type: "button" }, face(), drawing(config.cross, "cross"), make("span", { class: "label" }, config.text), badge);
const away = make("button", { class: "away", type: "button", "aria-label": words.close }, drawing(config.cross));
const sorry = make("p", { role: "alert" });
const again = make("button", { class: "again", type: "button" }, words.again);
const panel = make("div", { class: "panel", role: "dialog", "aria-label": config.title }, away, sorry, again, make("i", { class: "waits" }));
const ear = make("p", { class: "unseen", role: "status" });
const shell = make("div", { lang: words.language, dir: words.direction, class: option("side") || config.side }, launcher, panel, ear);

function face() {
  if (config.picture) return make("img", { class: "face", src: config.picture, alt: "" });
  return config.icon ? drawing(config.icon, "face") : make("b", { class: "face", dir: "auto" }, config.initials);
}

// A constructed style sheet is no inline style, so strict content policies allow it.
function dress() {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(config.css);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make("style", {}, config.css));
  }
  root.append(shell);
}

function make(tag, attributes = {}, ...children) {
  const svg = tag === "svg" || tag === "path";
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function drawing(path, name = "") {
  return make("svg", { class: name, viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: path }));
}
