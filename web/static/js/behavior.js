// Binds a function to every element that names it in data-behavior, now or when htmx swaps it in.

const bound = new WeakMap();

export function behavior(name, start) {
  const bind = (root) => {
    const selector = `[data-behavior~="${name}"]`;
    const found = [...root.querySelectorAll(selector)];
    if (root.matches?.(selector)) found.unshift(root);
    for (const element of found) once(element, name, start);
  };
  bind(document);
  document.addEventListener("htmx:load", (event) => bind(event.detail.elt));
}

function once(element, name, start) {
  const names = bound.get(element) ?? new Set();
  if (names.has(name)) return;
  bound.set(element, names.add(name));
  start(element);
}
