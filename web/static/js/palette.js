// Search and commands on any page: Ctrl-K, Cmd-K or "/" opens it, arrows select, Enter goes there, Esc closes. The focus
// stays in the input; aria-activedescendant marks the selected option.
import { behavior } from "./behavior.js";
import { choose } from "./theme.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

behavior("palette", (palette) => {
  const line = palette.querySelector("input");
  const list = palette.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  const open = () => {
    if (palette.open || document.querySelector("dialog[open]")) return;
    line.value = movedTo = "";
    palette.showModal();
    line.focus();
    htmx.trigger(line, "open");
  };

  const choice = (option) => {
    chosen()?.setAttribute("aria-selected", "false");
    if (!option) return line.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    line.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const step = (by) => {
    const all = options();
    const at = all.indexOf(chosen());
    moveTo(all.at((at + by + all.length) % all.length));
  };

  // Late results keep a selection that was moved; typing on resets it to the first.
  let movedTo = "";
  const moveTo = (option) => {
    movedTo = option?.textContent ?? "";
    choice(option);
  };

  // Enter waits for the results of the typed words instead of using old ones.
  let stale = false;
  let waits = false;
  const go = () => {
    waits = stale;
    if (!stale) chosen()?.click();
  };

  line.addEventListener("input", () => {
    movedTo = "";
    waits = false;
    stale = true;
  });
  list.addEventListener("htmx:afterSwap", (event) => {
    const all = options();
    choice(all.find((option) => option.textContent === movedTo) ?? all[0]);
    stale = new URL(event.detail.xhr.responseURL).searchParams.get("q") !== line.value;
    if (waits && !stale) go();
  });
  list.addEventListener("pointermove", (event) => {
    const option = event.target.closest("[role=option]");
    if (option && option !== chosen()) moveTo(option);
  });
  list.addEventListener("click", (event) => {
    const theme = event.target.closest("[data-theme-choice]")?.dataset.themeChoice;
    if (theme) choose(theme);
    if (event.target.closest("[role=option]")) palette.close();
  });

  line.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Home" && event.ctrlKey) moveTo(options()[0]);
    else if (event.key === "End" && event.ctrlKey) moveTo(options().at(-1));
    else if (event.key === "Enter") go();
    else return;
    event.preventDefault();
  });

  palette.addEventListener("click", (event) => { if (event.target === palette) palette.close(); });
  palette.addEventListener("close", () => {
    waits = false;
    list.replaceChildren();
  });

  document.addEventListener("keydown", (event) => {
    const command = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey;
    const slash = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyped(event.target);
    if (!command && !slash) return;
    event.preventDefault();
    if (command && palette.open) palette.close();
    else open();
  });

  document.addEventListener("click", (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!plain || !event.target.closest?.('[data-behavior~="palette-open"]')) return;
    event.preventDefault();
    open();
  });
});

if (MAC) for (const key of document.querySelectorAll("[data-command-key]")) key.textContent = "⌘ K";

// Fields where a slash is text.
function isTyped(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") !== null;
}
