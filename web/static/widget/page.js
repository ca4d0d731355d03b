// What the loader reads from the page around it, and stores there.
//
// Such pages may block storage, have strict policies, and old libraries that change arrays, objects and JSON: so this
// uses no JSON, no for…in, no inline styles and few arrays. One run is one widget; a page with two bots runs it twice.
// Keep it small: every page of every site loads it.

const script = document.currentScript || document.querySelector(`script[src*="/w/${config.id}.js"]`);
const option = (name) => script?.getAttribute(`data-${name}`) || "";
const phone = matchMedia("(max-width: 639.98px), (max-height: 479.98px)");
const words = wordsOfThePage();
const held = Object.create(null);
let overflow = null;

// The language of the tag, the bot, the page or the browser: the first that is supported.
function wordsOfThePage() {
  for (const wanted of [option("language"), config.language, document.documentElement.lang, ...navigator.languages, "en"]) {
    const language = wanted.toLowerCase().split("-")[0];
    if (Object.hasOwn(config.words, language)) return { language, ...config.words[language] };
  }
}

// Reads or writes a value in the site's storage for the bot. Without storage, it lasts until the page is left.
function keep(area, name, value) {
  const key = `mevichat:${config.id}:${name}`;
  if (value !== undefined) held[name] = value;
  try {
    if (value === undefined) return window[area].getItem(key) || held[name] || "";
    window[area].setItem(key, value);
  } catch { /* held above */ }
  return held[name] || "";
}

// Locks the page's scrolling under the full-screen chat on phones. Important, because the page's styles may be too.
function lockScroll(on) {
  const { style } = document.documentElement;
  if (on === (overflow !== null)) return;
  const before = overflow;
  overflow = on ? style.overflow : null;
  style.setProperty("overflow", on ? "hidden" : before, on ? "important" : "");
}

// Events for the page's scripts: mevichat:open and others.
function emit(name, facts) {
  dispatchEvent(new CustomEvent(`mevichat:${name}`, { detail: { bot: config.id, ...facts } }));
}

// Keeps the widget in the body, also if the page removes it or replaces the body; up to a limit.
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
