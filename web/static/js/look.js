// The page of a look. Its form asks for a preview with every change; what comes back goes out as the event `look`,
// which the fields, the launcher and the frame listen for.
import { behavior } from "./behavior.js";
import "./look-colours.js";
import "./look-frame.js";
import "./look-launcher.js";
import "./look-presets.js";
import "./look-problems.js";

const PAUSE_MS = 120;

behavior("look", (form) => {
  let timer = 0;
  let asked = 0;

  form.addEventListener("input", () => {
    document.getElementById("look-unsaved").hidden = false;
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE_MS);
  });

  // Answers may overtake one another: only that to the last question counts.
  async function ask() {
    const mine = ++asked;
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => null);
    if (!answer?.ok || mine !== asked) return;
    form.dispatchEvent(new CustomEvent("look", { detail: await answer.json() }));
  }

  ask();
});
