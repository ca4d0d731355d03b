// Open or closed, what is seen then, and where the focus goes.

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

// Until the frame is ready the focus waits at its door.
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

// Brings what is seen in line with what is so. A label that is seen stands in the name, for those who speak to machines.
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

// On a phone the window is what can be seen: above a keyboard, too.
function fit(full) {
  const { offsetTop, height } = visualViewport;
  panel.style.setProperty("--seen-top", `${full ? offsetTop : 0}px`);
  panel.style.setProperty("--seen", `${height}px`);
}
