// The loader: opens the window automatically, and provides the API for the page's scripts.
// web/chat/widget_script.py makes one script of `config` and the files of this folder.

const name = Symbol.for("mevichat");

function start() {
  const { place, end } = keepInBody(element);
  const leave = () => { close(); end(); };
  widgets.set(config.id, { place, leave });
  dress();
  launcher.onclick = toggle;
  away.onclick = close;
  again.onclick = () => { bring(); enter(true); };
  root.onkeydown = (event) => event.key === "Escape" && close();
  addEventListener("message", hear);
  for (const seen of [phone, visualViewport]) for (const event of ["change", "resize", "scroll"]) seen.addEventListener(event, show);
  show();
  if (!window.Mevichat?.version) window.Mevichat = api();
  emit("ready");
  openByItself();
  if (config.teaser) tease();
}

// Reopens where it was open on the page before; otherwise opens after the delay, unless the visitor opened it in this
// tab. Never on phones, and never takes the focus.
function openByItself() {
  const was = keep("sessionStorage", "open");
  const unasked = () => phone.matches || open(false);
  if (was === "yes") unasked();
  else if (!was && config.openSeconds) setTimeout(() => keep("sessionStorage", "open") || unasked(), config.openSeconds * 1000);
}

function api() {
  const ask = (type, facts) => { open(); say(type, facts); };
  const appear = (on) => { shown = on; show(); };
  return {
    version: config.version,
    open: () => open(),
    close, toggle,
    ask: (text) => ask("ask", { text: String(text) }),
    restart: () => ask("restart"),
    show: () => appear(true),
    hide: () => { close(); appear(false); },
    get isOpen() { return opened; },
    get unread() { return unread; },
    on: (event, hearer) => addEventListener(`mevichat:${event}`, hearer),
    off: (event, hearer) => removeEventListener(`mevichat:${event}`, hearer),
  };
}

// Two tags of one bot are one widget: the second run restores the first if the page removed it.
function startOnce() {
  if (widgets.has(config.id)) widgets.get(config.id).place();
  else start();
}

const widgets = window[name] ??= new Map();
if (document.body) startOnce();
else addEventListener("DOMContentLoaded", startOnce);
