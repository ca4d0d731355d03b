// Counts the answers that ended while the chat was not visible, reports the count to the site, and marks where they start.
import { framed, greeted, on, tell } from "../host.js";
import { parting } from "./view.js";
import { say } from "../words.js";

const title = document.title;
let open = !framed;
let count = 0;
let line = null;

const isSeen = () => open && !document.hidden;

// An answer ended in this item of the log.
export function ended(item) {
  if (isSeen()) return;
  if (!count) {
    forget();
    line = parting(say("new"), "parted fresh");
    item.before(line);
  }
  show(count + 1);
}

// Removes the "new" line once the visitor writes again.
export function forget() {
  line?.remove();
  line = null;
}

function show(unread) {
  count = unread;
  tell("unread", { count });
  if (!framed) document.title = count ? `(${count}) ${title}` : title;
}

function setOpen(isOpen) {
  open = isOpen;
  if (isSeen() && count) show(0);
}

greeted.then((facts) => setOpen(facts.open ?? true));
on("opened", () => setOpen(true));
on("closed", () => setOpen(false));
document.addEventListener("visibilitychange", () => setOpen(open));
