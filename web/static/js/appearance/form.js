// The Appearance page. Every change requests a preview, which is dispatched as the event `look` to the fields, the launcher
// and the frame.
import { behavior } from "../behavior.js";
import "./colors.js";
import "./frame.js";
import "./launcher.js";
import "./presets.js";
import "./problems.js";

const PAUSE_MS = 120;

behavior("look", (form) => {
  let timer = 0;
  let request = new AbortController();

  // The file input is inside this form but belongs to another one.
  form.addEventListener("input", ({ target }) => {
    if (target !== form && target.form !== form) return;
    document.getElementById("look-unsaved").hidden = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  // Only the latest preview counts. All are canceled when a form is submitted: the cookie of a preview would
  // replace the one with the flash message.
  document.addEventListener("submit", forget);

  function forget() {
    clearTimeout(timer);
    request.abort();
  }

  async function ask() {
    forget();
    request = new AbortController();
    const question = { method: "POST", body: new URLSearchParams(new FormData(form)), signal: request.signal };
    const answer = await fetch(form.dataset.preview, question).catch(() => null);
    const appearance = answer?.ok && (await answer.json().catch(() => null));
    if (appearance) form.dispatchEvent(new CustomEvent("look", { detail: appearance }));
  }

  ask();
});
