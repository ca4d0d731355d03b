// The note above the input: why a message was not sent, and when it can be.
import { language, say } from "../words.js";

const place = document.getElementById("note");
const inTime = new Intl.RelativeTimeFormat(language);
let timer = 0;

export function note(text = "") {
  clearInterval(timer);
  place.textContent = text;
  place.hidden = !text;
}

// Counts down visibly; a screen reader reads the time once.
export function countdown(text, seconds) {
  note(`${text} `);
  const until = Date.now() + seconds * 1000;
  const spoken = Object.assign(document.createElement("span"), { className: "unseen", textContent: again(seconds) });
  const seen = document.createElement("span");
  seen.setAttribute("aria-hidden", "true");
  place.append(spoken, seen);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) note();
    seen.textContent = again(left);
  };
  timer = setInterval(tick, 1000);
  tick();
}

const again = (seconds) => say("again", { when: when(seconds) });

function when(seconds) {
  if (seconds < 90) return inTime.format(seconds, "second");
  return seconds < 5400 ? inTime.format(Math.ceil(seconds / 60), "minute") : inTime.format(Math.ceil(seconds / 3600), "hour");
}
