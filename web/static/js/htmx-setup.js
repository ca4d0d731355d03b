// Shared by all htmx requests of the console: the CSRF token and error messages.
import { toast } from "./toasts.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content;

const WORDS = {
  400: "This page has expired. Reload and try again.",
  401: "You’ve been signed out. Reload to sign in again.",
  403: "Your role in this workspace doesn’t allow that.",
  404: "This no longer exists. Reload to see what’s there now.",
  409: "Someone else changed this. Reload to see the latest version.",
  413: "That’s too long to send.",
  429: "Too many requests. Try again in a minute.",
  503: "The service is restarting. Try again in a moment.",
};

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});

document.addEventListener("htmx:responseError", (event) => {
  if (quiet(event)) return;
  const { xhr } = event.detail;
  toast("bad", said(xhr) || WORDS[xhr.status] || `Something went wrong on our end (error ${xhr.status}). Please try again.`);
});

// 422 swaps the returned form; a plain sentence becomes a toast.
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (xhr?.status === 422 && said(xhr)) toast("bad", said(xhr));
});

// The server's message, if that is the whole response.
function said(xhr) {
  return xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") ? xhr.responseText.trim() : "";
}

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!quiet(event)) toast("bad", "Can’t reach the server. Check your connection and try again.");
  });
}

// Polls retry silently.
function quiet(event) {
  return event.detail.elt?.matches?.('[data-behavior~="polling"]');
}
