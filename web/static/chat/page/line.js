// The message input: it grows with its text and keeps it across reloads of this tab. Without storage, until the reload.
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
