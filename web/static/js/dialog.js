// A link that opens its page's form in the dialog. Without JavaScript, or with a modifier key, it is a normal link.
const dialog = document.getElementById("dialog");
let opener = null;

if (dialog) {
  const body = document.getElementById("dialog-body");
  const title = document.getElementById("dialog-title");

  // Clicks that open a new tab are left to the browser: htmx doesn't see them.
  document.addEventListener("click", (event) => {
    if (!event.target.closest('[data-behavior~="dialog"]')) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) event.stopImmediatePropagation();
  }, true);

  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target === body) opener = event.detail.elt;
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== body || dialog.open) return;
    title.textContent = opener?.dataset.dialogTitle ?? "";
    opener?.closest("details")?.removeAttribute("open");
    dialog.showModal();
    (first(body) ?? title).focus();
  });

  // If loading the dialog fails, the link works as a normal link.
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target === body) location.assign(opener.href);
  });

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && outside(event)) dialog.close();
    if (!event.target.closest("[data-close]:not(.toast *)")) return;
    event.preventDefault();
    dialog.close();
  });

  // Closing clears the dialog; the focus returns to the link, or to its row's replacement.
  dialog.addEventListener("close", () => {
    for (const id of ["toasts", "live"]) document.body.append(document.getElementById(id));
    body.replaceChildren();
    const place = opener?.isConnected ? opener : document.querySelector(`[data-behavior~="dialog"][href="${opener?.getAttribute("href")}"]`);
    (focusable(place) ?? document.getElementById("main")).focus();
  });
}

// The first empty field, or the one after a choice that is already made.
function first(body) {
  const chosen = body.querySelector("[type=radio]:checked");
  return body.querySelector(chosen ? ".control" : "input:not([type=hidden], :disabled)");
}

function outside(event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A link inside a closed menu can't take the focus; the menu's button can.
function focusable(place) {
  return place?.closest("details:not([open])")?.querySelector("summary") ?? place;
}
