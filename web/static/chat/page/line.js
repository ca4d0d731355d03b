// The line to write in: it grows with what is in it, and keeps it over a reload in this tab. Where storage is
// refused, it is kept as long as the page.
const key = `draft:${document.getElementById("chat").dataset.bot}`;

export const input = document.getElementById("text");

export function giveBack(text) {
  if (input.value.trim() !== text) input.value = [text, input.value].filter(Boolean).join("\n");
  changed();
  input.focus();
}

export function clear() {
  input.value = "";
  changed();
}

function changed() {
  fit();
  try {
    if (input.value) sessionStorage.setItem(key, input.value);
    else sessionStorage.removeItem(key);
  } catch { /* it stands in the line */ }
}

function fit() {
  if (CSS.supports("field-sizing", "content")) return;
  input.style.height = "auto";
  input.style.height = `${input.scrollHeight}px`;
}

try {
  input.value ||= sessionStorage.getItem(key) ?? "";
} catch { /* nothing was kept */ }
input.addEventListener("input", changed);
fit();
