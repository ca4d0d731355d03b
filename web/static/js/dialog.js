// A link that opens its page's form in the dialog. Without a script, or with a modifier key, it is a plain link.
const dialog = document.getElementById("dialog");
let opener = null;

if (dialog) {
  const body = document.getElementById("dialog-body");
  const title = document.getElementById("dialog-title");

  // A new tab is the browser's business: htmx never hears of that click.
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

  // A request for the dialog that fails leaves the link to do its plain work.
  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail.target === body) location.assign(opener.href);
  });

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog && outside(event)) dialog.close();
    if (!event.target.closest("[data-close]:not(.toast *)")) return;
    event.preventDefault();
    dialog.close();
  });

  // What was typed goes with the dialog; the focus goes back to where it came from, or to its row's successor.
  dialog.addEventListener("close", () => {
    for (const id of ["toasts", "live"]) document.body.append(document.getElementById(id));
    body.replaceChildren();
    const place = opener?.isConnected ? opener : document.querySelector(`[data-behavior~="dialog"][href="${opener?.getAttribute("href")}"]`);
    (focusable(place) ?? document.getElementById("main")).focus();
  });
}

// What is left to fill in: the first field, or the one after a choice that is made already.
function first(body) {
  const chosen = body.querySelector("[type=radio]:checked");
  return body.querySelector(chosen ? ".control" : "input:not([type=hidden], :disabled)");
}

function outside(event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

// A link inside a closed menu cannot take the focus; the menu's own button can.
function focusable(place) {
  return place?.closest("details:not([open])")?.querySelector("summary") ?? place;
}
