// The form that checks a provider key before it is stored. Once saved, the key is removed from the page.
import { behavior } from "./behavior.js";
import { toast } from "./toasts.js";

const PENDING = '.check[data-behavior~="polling"]';

behavior("key-form", (form) => {
  const secret = form.querySelector("[name=secret]");
  const result = form.querySelector("#key-check");

  // Clears the result of the previous paste.
  form.addEventListener("input", () => {
    if (!result.querySelector(PENDING)) result.replaceChildren();
  });

  form.addEventListener("htmx:afterRequest", () => {
    form.querySelector(".key-form-acts button").disabled = result.querySelector(PENDING) !== null;
    const saved = result.querySelector('.check[data-state="saved"]');
    if (!saved) return;
    secret.value = "";
    saved.querySelector("[data-close]").focus();
  });
});

// If the dialog is closed during a check, the check goes on, and a toast shows its result.
document.getElementById("dialog")?.addEventListener("close", () => {
  const pending = document.querySelector(`#dialog ${PENDING}`);
  if (!pending) return;
  const aside = document.createElement("div");
  aside.hidden = true;
  aside.append(pending);
  document.body.append(aside);
  aside.addEventListener("htmx:afterRequest", () => {
    const check = aside.querySelector(".check");
    if (!check || check.matches(PENDING)) return;
    if (check.dataset.state !== "saved") toast(check.dataset.kind, check.querySelector("[data-say]").textContent);
    aside.remove();
  });
});
