// The note above the line to write in: why something was not sent, and when it can be.
const place = document.getElementById("note");
let timer = 0;

export function note(text = "") {
  clearInterval(timer);
  place.textContent = text;
  place.hidden = !text;
}

// Counts down for the eye; the ear hears it once.
export function countdown(text, seconds) {
  note(`${text} There is room again in `);
  const until = Date.now() + seconds * 1000;
  const heard = Object.assign(document.createElement("span"), { className: "unseen", textContent: wait(seconds) });
  const seen = document.createElement("span");
  seen.setAttribute("aria-hidden", "true");
  place.append(heard, seen);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    if (left <= 0) note();
    seen.textContent = `${wait(left)}.`;
  };
  timer = setInterval(tick, 1000);
  tick();
}

function wait(seconds) {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3600)} h`;
}
