// A <details> menu closes on Escape and on clicks, focus or a choice elsewhere. One is open at a time.
const OPEN = 'details[data-behavior~="menu"][open]';

function closeAllBut(target) {
  for (const menu of document.querySelectorAll(OPEN)) {
    if (!menu.contains(target)) menu.open = false;
  }
}

document.addEventListener("click", (event) => {
  closeAllBut(event.target);
  if (event.target.closest(`${OPEN} .menu-list :is(a, form button)`)) closeAllBut(null);
});

document.addEventListener("focusin", (event) => closeAllBut(event.target));

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(OPEN);
  if (!menu) return;
  if (event.key === "Escape") {
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(menu, event.key === "ArrowDown" ? 1 : -1);
  }
});

function step(menu, by) {
  const items = [...menu.querySelectorAll(".menu-list :is(a, button):not([hidden])")];
  const at = items.indexOf(document.activeElement);
  const next = at < 0 ? (by > 0 ? 0 : items.length - 1) : at + by;
  items.at(next % items.length)?.focus();
}
