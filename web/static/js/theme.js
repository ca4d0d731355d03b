// Light, dark or the system's theme; stored in this browser (theme-first.js applies it before the first paint).
import { behavior } from "./behavior.js";

behavior("theme", (group) => {
  const buttons = [...group.querySelectorAll("button")];
  const show = (theme) => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.value === theme));
  };
  show(document.documentElement.dataset.theme ?? "system");
  document.addEventListener("theme", (event) => show(event.detail));
  group.addEventListener("click", (event) => {
    const theme = event.target.closest("button")?.value;
    if (theme) choose(theme);
  });
});

export function choose(theme) {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.dispatchEvent(new CustomEvent("theme", { detail: theme }));
  try {
    if (theme === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", theme);
  } catch { /* storage is refused: it holds for this page */ }
}
