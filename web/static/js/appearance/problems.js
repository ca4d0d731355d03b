// Shows what is wrong with a field beside it while it is typed, with a button for a color that is readable.
import { behavior } from "../behavior.js";

behavior("look-problems", (form) => {
  const places = [...form.querySelectorAll("[data-problem]")];

  form.addEventListener("look", ({ detail }) => {
    for (const place of places) show(place, detail.problems.find(({ field }) => field === place.dataset.problem));
  });

  form.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="use"]');
    if (!button) return;
    event.preventDefault();
    const [name, color] = button.value.split(":");
    const field = form.elements.namedItem(name);
    field.value = color;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
});

function show(place, problem) {
  const { field = "", sentence = "", better = "" } = problem ?? {};
  const button = place.querySelector("button");
  place.hidden = !sentence;
  place.querySelector("p").textContent = sentence;
  button.hidden = !better;
  if (better) {
    button.value = `${field}:${better}`;
    button.querySelector("rect").setAttribute("fill", better);
    button.querySelector("span").textContent = `Use ${better}`;
  }
  const control = place.parentElement.querySelector(".control");
  if (sentence) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
}
