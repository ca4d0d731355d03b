// The page of a look. Its form asks for a preview with every change; what comes back goes out as the event `look`,
// which the fields, the launcher and the frame listen for.
import { behavior } from "../behavior.js";
import "./colors.js";
import "./frame.js";
import "./launcher.js";
import "./presets.js";
import "./problems.js";

const PAUSE_MS = 120;

behavior("look", (form) => {
  let timer = 0;
  let asked = new AbortController();

  // A picture is chosen inside this form, but belongs to another one.
  form.addEventListener("input", ({ target }) => {
    if (target !== form && target.form !== form) return;
    document.getElementById("look-unsaved").hidden = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  // Only the answer to the last question counts. None is waited for once something is sent: its cookie would
  // take the place of the one that says what was done.
  document.addEventListener("submit", forget);

  function forget() {
    clearTimeout(timer);
    asked.abort();
  }

  async function ask() {
    forget();
    asked = new AbortController();
    const question = { method: "POST", body: new URLSearchParams(new FormData(form)), signal: asked.signal };
    const answer = await fetch(form.dataset.preview, question).catch(() => null);
    const look = answer?.ok && (await answer.json().catch(() => null));
    if (look) form.dispatchEvent(new CustomEvent("look", { detail: look }));
  }

  ask();
});
