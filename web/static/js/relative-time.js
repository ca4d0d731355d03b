// Keeps "3 minutes ago" current, in the server's words, and shows the exact local time on hover.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });

export function words(moment, now = Date.now()) {
  const seconds = Math.abs(now - moment) / 1000;
  const said = (text) => (moment > now ? `in ${text}` : `${text} ago`);
  if (seconds < MINUTE) return moment > now + 1000 ? "in a moment" : "just now";
  if (seconds < HOUR) return said(count(seconds / MINUTE, "minute"));
  if (seconds < DAY) return said(count(seconds / HOUR, "hour"));
  if (seconds < 30 * DAY) return said(count(seconds / DAY, "day"));
  return date.format(moment).replace("Sept", "Sep");
}

function count(amount, unit) {
  const whole = Math.floor(amount);
  return `${whole} ${unit}${whole === 1 ? "" : "s"}`;
}

function refresh(root = document) {
  for (const element of root.querySelectorAll('[data-behavior~="relative-time"]')) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    element.title = exact.format(moment);
    const text = words(moment);
    if (element.textContent !== text) element.textContent = text;
  }
}

refresh();
setInterval(refresh, 30_000);
document.addEventListener("htmx:load", (event) => refresh(event.detail.elt.parentElement ?? document));
document.addEventListener("visibilitychange", () => document.hidden || refresh());
