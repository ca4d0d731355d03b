// The widget's loader, joined: when it opens by itself, and what the page's own scripts may ask of it.
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

// Where it was open on the page before; or after a time, unless the visitor has had it open in this tab. On a phone
// neither. It takes no focus.
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

// Two tags of one bot are one widget: what runs second puts the first one back, if it was thrown out.
function startOnce() {
  if (widgets.has(config.id)) widgets.get(config.id).place();
  else start();
}

const widgets = window[name] ??= new Map();
if (document.body) startOnce();
else addEventListener("DOMContentLoaded", startOnce);
