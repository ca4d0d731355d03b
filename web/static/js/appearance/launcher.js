// The launcher as on a site, beside the window.
import { behavior } from "../behavior.js";

behavior("look-launcher", (form) => {
  const button = document.getElementById("look-button");
  const teaser = document.getElementById("look-teaser");
  if (!button) return;

  form.addEventListener("look", ({ detail: { launcher } }) => {
    button.parentElement.dataset.side = launcher.side;
    button.hidden = launcher.hidden;
    Object.assign(button.style, {
      minWidth: `${launcher.size}px`, height: `${launcher.size}px`,
      padding: `0 ${launcher.size / 2 - 12}px`, borderRadius: `${launcher.corner}px`, background: launcher.background, color: launcher.ink,
    });
    face(launcher);
    teaser.hidden = launcher.hidden || !launcher.teaser;
    teaser.textContent = launcher.teaser;
  });
});

function face({ icon, picture, title, text, badge, size }) {
  for (const drawn of document.querySelectorAll("#look-button [data-icon]")) drawn.toggleAttribute("hidden", drawn.dataset.icon !== icon);
  const [img, monogram, words, count] = ["face", "initials", "words", "badge"].map((name) => document.getElementById(`look-${name}`));
  img.hidden = Boolean(icon) || !picture;
  if (picture) img.src = picture;
  Object.assign(img.style, { width: `${size}px`, height: `${size}px`, margin: `0 ${12 - size / 2}px` });
  monogram.hidden = Boolean(icon || picture);
  monogram.textContent = initials(title);
  monogram.style.fontSize = `${size * 0.36}px`;
  words.hidden = !text;
  words.textContent = text;
  count.hidden = !badge;
}

// Like components/monogram.html.
function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return (words.length > 1 ? words.slice(0, 2).map((word) => word[0]).join("") : name.slice(0, 1)).toUpperCase();
}
