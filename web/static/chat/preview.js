// The console's preview: the unsaved form on the real page. Only pages of our own origin can use it.
import { Answer } from "./page/answer.js";
import { on } from "./host.js";
import * as view from "./page/view.js";

const root = document.documentElement;
const QUESTION = "Do you ship to Norway?";
const ANSWER = "Yes, within **three days**. [Shipping](https://example.com/shipping) has the prices; with the code `NORTH` it is free.";
const SOURCES = [{ number: 1, title: "Shipping", url: "https://example.com/shipping" }];

let names = [];
let sample = [];

on("look", ({ variables = {}, words = {}, mode, fixed, direction, sample: talks }, origin) => {
  if (origin !== location.origin) return;
  for (const name of names) root.style.removeProperty(name);
  names = Object.keys(variables);
  for (const name of names) root.style.setProperty(name, variables[name]);
  root.style.colorScheme = root.dataset.theme = mode === "dark" ? "dark" : "light";
  root.dir = direction === "rtl" ? "rtl" : "ltr";
  for (const place of document.querySelectorAll("[data-word]")) write(place, words[place.dataset.word]);
  document.getElementById("theme")?.toggleAttribute("hidden", Boolean(fixed));
  document.getElementById("chat").dataset.answer = variables["--answer"] === "transparent" ? "" : "bubble";
  face(words);
  links(words);
  if (talks) talk();
  else hush();
});

function write(place, word) {
  if (word === undefined) return;
  if (place.dataset.word === "placeholder") place.placeholder = word;
  else Object.assign(place, { textContent: word, hidden: !word });
}

// The avatar, initials, or nothing.
function face({ avatar, picture, title = "" }) {
  if (avatar === undefined) return;
  const head = document.querySelector(".chat-head");
  head.querySelector(".avatar, .monogram")?.remove();
  if (avatar === "none") return;
  const made = document.createElement(picture ? "img" : "span");
  if (picture) Object.assign(made, { className: "avatar", src: picture, alt: "", width: 36, height: 36 });
  else Object.assign(made, { className: "monogram round", textContent: initials(title), ariaHidden: "true" });
  head.prepend(made);
}

function initials(name) {
  const words = name.split(/\s+/).filter(Boolean);
  return (words.length > 1 ? words.slice(0, 2).map((word) => word[0]).join("") : name.slice(0, 1)).toUpperCase();
}

// Below the input, after the note.
function links({ privacy, privacy_url, powered_by }) {
  const line = document.querySelector(".quiet-line");
  for (const link of line.querySelectorAll("a")) link.remove();
  for (const [textContent, href] of [[privacy, privacy_url], [powered_by, "/"]]) {
    if (!textContent) continue;
    const link = Object.assign(document.createElement("a"), { className: "nowrap", textContent, href, target: "_blank", rel: "noopener noreferrer" });
    line.append(" ", link);
  }
}

// A sample conversation while there is none.
function talk() {
  if (sample.length || document.getElementById("log").children.length) return;
  const question = view.visitor(QUESTION);
  const answer = new Answer();
  answer.stored({ text: ANSWER, status: "complete", sources: SOURCES });
  sample = [question, answer.item];
}

function hush() {
  view.remove(...sample);
  sample = [];
}
