// The filter at the top of a long menu; Enter opens the first match.
import { behavior } from "./behavior.js";

behavior("filter-menu", (piece) => {
  const line = piece.querySelector("input");
  const menu = piece.closest("details");
  const entries = [...piece.nextElementSibling.querySelectorAll("a")];
  const filter = () => {
    const wanted = line.value.trim().toLocaleLowerCase();
    for (const entry of entries) entry.hidden = !entry.textContent.toLocaleLowerCase().includes(wanted);
  };
  line.addEventListener("input", filter);
  line.addEventListener("keydown", (event) => {
    if (event.key === "Enter") entries.find((entry) => !entry.hidden)?.click();
  });
  menu.addEventListener("toggle", () => {
    line.value = "";
    filter();
    if (menu.open) line.focus();
  });
});
