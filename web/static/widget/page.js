// What the loader takes from the page that it stands on, and what it keeps there.
//
// Such pages refuse storage, have strict policies, and old libraries that change what arrays, objects and JSON do:
// so here are no JSON, no for…in, no inline style, and little of arrays. What runs is one widget: a page with two bots
// runs this twice. Everything here weighs, for every page of every site.

const script = document.currentScript || document.querySelector(`script[src*="/w/${config.id}.js"]`);
const option = (name) => script?.getAttribute(`data-${name}`) || "";
const phone = matchMedia("(max-width: 639.98px), (max-height: 479.98px)");
const words = wordsOfThePage();
const held = Object.create(null);
let overflow = null;

// The tag's language, the bot's, the page's, the browser's: the first that there are words for.
function wordsOfThePage() {
  for (const wanted of [option("language"), config.language, document.documentElement.lang, ...navigator.languages, "en"]) {
    const language = wanted.toLowerCase().split("-")[0];
    if (Object.hasOwn(config.words, language)) return { language, ...config.words[language] };
  }
}

// Reads, or with a value writes, what this site's storage knows for the bot. Refused, it lasts as long as the page.
function keep(area, name, value) {
  const key = `mevichat:${config.id}:${name}`;
  if (value !== undefined) held[name] = value;
  try {
    if (value === undefined) return window[area].getItem(key) || held[name] || "";
    window[area].setItem(key, value);
  } catch { /* held above */ }
  return held[name] || "";
}

// Under the full screen of a phone the page does not scroll. Important, as its own styles may be.
function lockScroll(on) {
  const { style } = document.documentElement;
  if (on === (overflow !== null)) return;
  const before = overflow;
  overflow = on ? style.overflow : null;
  style.setProperty("overflow", on ? "hidden" : before, on ? "important" : "");
}

// To the page's scripts: mevichat:open and the others.
function emit(name, facts) {
  dispatchEvent(new CustomEvent(`mevichat:${name}`, { detail: { bot: config.id, ...facts } }));
}

// In the body, and there again when the page throws it out or brings another body; not without end.
function keepInBody(element) {
  let left = 50;
  const place = () => {
    const { body } = document;
    if (element.parentNode !== body && left-- > 0) body.append(element);
    watch.observe(body, { childList: true });
  };
  const watch = new MutationObserver(() => document.body && place());
  watch.observe(document.documentElement, { childList: true });
  place();
  return { place, end: () => { watch.disconnect(); element.remove(); } };
}
