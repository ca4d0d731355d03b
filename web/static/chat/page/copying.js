// The copy button of a code block. Without clipboard access it selects the code.
import { say } from "../words.js";

const SHOWN_MS = 2000;

document.getElementById("log").addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const code = button.parentElement.querySelector("code");
  button.textContent = say((await copied(code)) ? "copied" : "copy_failed");
  setTimeout(() => { button.textContent = say("copy"); }, SHOWN_MS);
});

async function copied(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}
