// The stage: the frame in the size that visitors get, scaled to what is free, with what the form says at the moment.
import { behavior } from "../behavior.js";

const PHONE = { width: 390, height: 780 };
const MARGIN = 16;

behavior("look-frame", (form) => {
  const frame = document.getElementById("look-frame");
  if (!frame) return;
  const stage = document.getElementById("look-stage");
  let look = null;

  const chosen = (name) => document.querySelector(`[name="stage-${name}"]:checked`).value;

  function send() {
    if (!look) return;
    const { variables, words, direction } = look;
    const facts = { variables, words, direction, fixed: look.mode !== "auto", mode: chosen("mode"), sample: chosen("talk") === "talk" };
    frame.contentWindow.postMessage({ mevichat: 1, type: "look", ...facts }, location.origin);
  }

  function fit() {
    if (!look) return;
    const phone = chosen("screen") === "phone";
    stage.dataset.mode = chosen("mode");
    stage.dataset.screen = chosen("screen");
    const { width, height } = phone ? PHONE : look.window;
    const below = phone || look.launcher.hidden ? MARGIN : look.launcher.size + 28;
    const scale = Math.min(1, (stage.clientWidth - 2 * MARGIN) / width, (stage.clientHeight - MARGIN - below) / height);
    const left = phone ? (stage.clientWidth - width * scale) / 2 : look.launcher.side === "left" ? MARGIN : stage.clientWidth - MARGIN - width * scale;
    const top = phone ? (stage.clientHeight - height * scale) / 2 : stage.clientHeight - below - height * scale;
    const radius = phone ? 28 : look.window.radius;
    Object.assign(document.getElementById("look-window").style, {
      inset: `${top}px auto auto ${left}px`, width: `${width}px`, height: `${height}px`, borderRadius: `${radius}px`, transform: `scale(${scale})`,
    });
    document.getElementById("look-launcher").hidden = phone;
  }

  form.addEventListener("look", ({ detail }) => {
    const before = look?.language;
    look = detail;
    fit();
    if (before && before !== look.language) frame.src = `${frame.dataset.address}?lang=${look.language}`;
    else send();
  });

  // A mode that the look has decided is the one to look at; it can still be seen in the other.
  form.addEventListener("input", (event) => {
    if (event.target.name !== "mode" || event.target.value === "auto") return;
    document.querySelector(`[name="stage-mode"][value="${event.target.value}"]`).checked = true;
  });

  document.getElementById("look-switches").addEventListener("change", () => { fit(); send(); });
  addEventListener("message", ({ source, data }) => {
    if (source === frame.contentWindow && data?.mevichat === 1 && data.type === "ready") send();
  });
  new ResizeObserver(fit).observe(stage);

  const first = form.elements.namedItem("mode").value;
  const dark = first === "dark" || (first === "auto" && getComputedStyle(document.documentElement).colorScheme === "dark");
  if (dark) document.querySelector('[name="stage-mode"][value="dark"]').checked = true;
});
