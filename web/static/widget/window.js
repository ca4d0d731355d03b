// The window: opening, closing, and the focus.

let opened = false;
let shown = true;
let unread = 0;
let cameFrom;

function open(focus = true) {
  if (opened || !element.isConnected) return;
  opened = true;
  unread = 0;
  cameFrom = document.activeElement;
  keep("sessionStorage", "open", "yes");
  if (!frame) bring();
  show();
  enter(focus);
  emit("open");
}

// Until the frame is ready, the focus stays on the window.
function enter(focus) {
  if (focus) (ready ? frame : away).focus();
  if (ready) say("opened", { focus });
}

function close() {
  if (!opened) return;
  const held = root.activeElement;
  opened = false;
  keep("sessionStorage", "open", "no");
  show();
  if (held) (launcher.hidden ? cameFrom : launcher)?.focus();
  if (ready) say("closed");
  emit("close");
}

function toggle() {
  if (opened) close();
  else open();
}

function tellUnread(count) {
  if (opened || unread === count) return;
  unread = count;
  show();
  emit("unread", { count });
}

// Updates the display. The accessible name contains the visible label, for voice control.
function show() {
  const full = opened && phone.matches;
  const unreadText = unread ? words.unread.replace("{count}", unread) : "";
  const name = config.text || words.open;
  element.toggleAttribute("hidden", !shown);
  panel.hidden = !opened;
  launcher.hidden = full || config.hidden || option("launcher") === "none";
  launcher.setAttribute("aria-expanded", opened);
  launcher.setAttribute("aria-label", opened ? words.close : unreadText ? `${name}. ${unreadText}` : name);
  badge.textContent = config.badge && unread ? Math.min(unread, 99) : "";
  ear.textContent = unreadText;
  lockScroll(full);
  fit(full);
}

// On a phone the window fills the visible area, above the keyboard.
function fit(full) {
  const { offsetTop, height } = visualViewport;
  panel.style.setProperty("--seen-top", `${full ? offsetTop : 0}px`);
  panel.style.setProperty("--seen", `${height}px`);
}
