// Shows or hides what was typed in a secret field, and hides it before the form is submitted.
import { behavior } from "./behavior.js";

behavior("reveal-secret", (field) => {
  const input = field.querySelector("input");
  const button = field.querySelector("button");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  input.form.addEventListener("submit", () => show(false));
});
