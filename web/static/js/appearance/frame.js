// The stage: the frame at the size that visitors get, scaled to the free space, showing the unsaved form.
import { behavior } from "../behavior.js";

const PHONE = { width: 390, height: 780 };
const MARGIN = 16;

behavior("look-frame", (form) => {
  const frame = document.getElementById("look-frame");
  if (!frame) return;
  const stage = document.getElementById("look-stage");
  let appearance = null;

  const chosen = (name) => document.querySelector(`[name="stage-${name}"]:checked`).value;

  function send() {
    if (!appearance) return;
    const { variables, words, direction } = appearance;
    const facts = { variables, words, direction, fixed: appearance.mode !== "auto", mode: chosen("mode"), sample: chosen("talk") === "talk" };
    frame.contentWindow.postMessage({ mevichat: 1, type: "look", ...facts }, location.origin);
  }

  function fit() {
    if (!appearance) return;
    const phone = chosen("screen") === "phone";
    stage.dataset.mode = chosen("mode");
    stage.dataset.screen = chosen("screen");
    const { width, height } = phone ? PHONE : appearance.window;
    const below = phone || appearance.launcher.hidden ? MARGIN : appearance.launcher.size + 28;
    const scale = Math.min(1, (stage.clientWidth - 2 * MARGIN) / width, (stage.clientHeight - MARGIN - below) / height);
    const left = phone ? (stage.clientWidth - width * scale) / 2 : appearance.launcher.side === "left" ? MARGIN : stage.clientWidth - MARGIN - width * scale;
    const top = phone ? (stage.clientHeight - height * scale) / 2 : stage.clientHeight - below - height * scale;
    const radius = phone ? 28 : appearance.window.radius;
    Object.assign(document.getElementById("look-window").style, {
      inset: `${top}px auto auto ${left}px`, width: `${width}px`, height: `${height}px`, borderRadius: `${radius}px`, transform: `scale(${scale})`,
    });
    document.getElementById("look-launcher").hidden = phone;
  }

  form.addEventListener("look", ({ detail }) => {
    const before = appearance?.language;
    appearance = detail;
    fit();
    if (before && before !== appearance.language) frame.src = `${frame.dataset.address}?lang=${appearance.language}`;
    else send();
  });

  // Choosing a mode in the form shows it on the stage; the stage can still be switched.
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
