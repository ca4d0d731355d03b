// A color is typed or picked. For an empty field the picker shows the color that was derived.
import { behavior } from "../behavior.js";

const WHOLE = /^#[0-9a-f]{6}$/i;

behavior("color", (box) => {
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
