// A colour is typed, or picked beside it. One that is left to us shows in the picker what was chosen for it.
import { behavior } from "../behavior.js";

const WHOLE = /^#[0-9a-f]{6}$/i;

behavior("colour", (box) => {
  const [picker, text] = box.querySelectorAll("input");

  picker.addEventListener("input", (event) => {
    event.stopPropagation();
    text.value = picker.value;
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });

  text.addEventListener("input", () => {
    if (WHOLE.test(text.value.trim())) picker.value = text.value.trim();
  });

  box.closest("form").addEventListener("look", ({ detail }) => {
    if (!text.value.trim() && detail.derived[text.name]) picker.value = detail.derived[text.name];
  });
});
