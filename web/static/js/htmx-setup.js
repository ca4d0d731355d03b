// What every htmx request of the console shares: the CSRF token, and words for what went wrong.
import { toast } from "./toasts.js";

const token = document.querySelector('meta[name="csrf-token"]')?.content;

const WORDS = {
  400: "This page is too old to be trusted. Reload it and try again.",
  401: "You are signed out. Reload the page to sign in again.",
  403: "Your role in this workspace does not allow that.",
  404: "This is no longer there. Reload the page to see what is.",
  409: "Somebody changed this in the meantime. Reload the page to see how it stands now.",
  413: "That is too long to be sent.",
  429: "That was a lot in a short time. Wait a minute, then try again.",
  503: "The service is restarting. Try again in a moment.",
};

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});

document.addEventListener("htmx:responseError", (event) => {
  if (quiet(event)) return;
  const { xhr } = event.detail;
  toast("bad", said(xhr) || WORDS[xhr.status] || `The server could not do that (error ${xhr.status}). It has been noted; try again.`);
});

// 422 swaps the form it brings; a bare sentence has no form to stand in.
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr } = event.detail;
  if (xhr?.status === 422 && said(xhr)) toast("bad", said(xhr));
});

// The server's own sentence, when that is all it answered.
function said(xhr) {
  return xhr.getResponseHeader("Content-Type")?.startsWith("text/plain") ? xhr.responseText.trim() : "";
}

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    if (!quiet(event)) toast("bad", "The server cannot be reached. Check your connection and try again; nothing was lost.");
  });
}

// A poll tries again by itself and says nothing.
function quiet(event) {
  return event.detail.elt?.matches?.('[data-behavior~="polling"]');
}
