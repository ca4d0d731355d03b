// The page around the frame: a site with the widget, or the console's preview. The hosted page has none, and then this
// does nothing. Messages are objects `{mevichat: 1, type, …}`, not JSON text, because old libraries on such sites break JSON.

export const framed = window.parent !== window;

const SILENT_MS = 5000;
const handlers = new Map();
let host = "*"; // who frames us is known with their first word; the browser has let only allowed sites do it

// `message`, `unread`, `token`, `close`, `ready`: see docs/widget.md.
export function tell(type, facts = {}) {
  if (framed) window.parent.postMessage({ mevichat: 1, ...facts, type }, host);
}

// handler(facts, origin) for each `opened`, `closed`, `ask`, `restart`, or `look` of the console's preview.
export function on(type, handler) {
  handlers.set(type, [...(handlers.get(type) ?? []), handler]);
}

// The first message from outside: `{token, open, language, page}`; `page` is the site's origin as the browser reports
// it. A frame without the widget's script gets none.
export const greeted = new Promise((resolve) => {
  setTimeout(resolve, framed ? SILENT_MS : 0, {});
  on("hello", (facts, page) => resolve({ ...facts, page }));
  on("look", () => resolve({}));
});

addEventListener("message", ({ source, origin, data }) => {
  if (!framed || source !== window.parent || data?.mevichat !== 1 || origin === "null") return;
  if (host === "*") host = origin;
  if (origin === host) for (const handler of handlers.get(data.type) ?? []) handler(data, origin);
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.isComposing && !event.defaultPrevented) tell("close");
});
