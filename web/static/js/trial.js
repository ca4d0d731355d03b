// Try it: passes the conversation to the bot's frame, and loads each answer's details when the frame reports its end.
import { behavior } from "./behavior.js";

const MESSAGE = /^msg_\w+$/;

behavior("trial", (frame) => {
  const key = `trial:${frame.dataset.bot}`;
  let token = kept();

  // Per window: a reload continues the conversation, another window starts its own.
  function kept() {
    try {
      return sessionStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  }

  function keep(value) {
    token = value;
    try {
      sessionStorage.setItem(key, token);
    } catch { /* held above */ }
  }

  function greet() {
    frame.inert = false;
    frame.contentWindow.postMessage({ mevichat: 1, type: "hello", token, open: true }, location.origin);
  }

  // Newest first; a retried turn moves to the top.
  function show(id) {
    if (!MESSAGE.test(id)) return;
    document.getElementById(`turn-${id}`)?.remove();
    htmx.ajax("GET", `${frame.dataset.turns}/${id}`, { source: "#trial-turns", target: "#trial-turns", swap: "afterbegin" });
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== location.origin || data?.mevichat !== 1) return;
    if (data.type === "ready") greet();
    if (data.type === "token") keep(String(data.token));
    if (data.type === "close") document.getElementById("details-title").focus(); // from the frame to what it was about
    if (data.type === "message" && data.role === "answer") show(data.message_id);
  });

  frame.inert = true; // until its scripts are there: its forms would lead nowhere
  frame.src = frame.dataset.address; // only now: what it says first is heard
});
