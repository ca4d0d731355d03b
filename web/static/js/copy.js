// Copies the value of the input, or the text of the <pre>, beside the button.
import { behavior } from "./behavior.js";
import { toast } from "./toasts.js";

const SHOWN_MS = 1600;

behavior("copy", (box) => {
  const source = box.querySelector("input, pre");
  const button = box.querySelector("button");
  button.addEventListener("click", async () => {
    if (!(await copied(source))) return;
    box.dataset.copied = "";
    document.getElementById("live").textContent = "Copied";
    setTimeout(() => delete box.dataset.copied, SHOWN_MS);
  });
});

async function copied(source) {
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    return true;
  } catch {
    // Without https there is no clipboard: select the text, so that one key press copies it.
    if (source.select) source.select();
    else getSelection().selectAllChildren(source);
    toast("info", "Couldn’t copy. The text is selected: press Ctrl+C, or ⌘C on a Mac.");
    return false;
  }
}
