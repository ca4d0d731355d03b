// A preset fills the form in place and keeps other input. Without JavaScript its link opens a filled form.
import { behavior } from "../behavior.js";

behavior("preset", (link) => {
  const form = document.getElementById("look-form");

  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    for (const [name, value] of Object.entries(JSON.parse(link.dataset.fields))) form.elements.namedItem(name).value = value;
    for (const other of document.querySelectorAll('[data-behavior~="preset"]')) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    for (const text of form.querySelectorAll(".color .control")) text.dispatchEvent(new Event("input"));
    form.dispatchEvent(new Event("input"));
  });
});
