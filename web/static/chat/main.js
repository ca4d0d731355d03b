// The hosted chat, joined: what the page brought or this browser remembers, then what a person does.
import { Answer } from "./answer.js";
import { Api } from "./api.js";
import { Store } from "./store.js";
import { Talk } from "./talk.js";
import "./theme.js";
import * as view from "./view.js";

const page = document.getElementById("chat");
const composer = document.getElementById("composer");
const store = new Store(page.dataset.bot);
const api = new Api(page.dataset.api, page.dataset.token || store.token);
const talk = new Talk(api, store, page.dataset.failure);

talk.work(async () => {
  for (const item of document.querySelectorAll('#log [data-role="answer"]')) Answer.of(item);
  if (!page.dataset.token && api.token) await talk.remember();
  view.toEnd();
  const last = Answer.last();
  if (last?.status === "pending" && api.token) await talk.resume(last);
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  talk.send(view.input.value.trim());
});

view.input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.getElementById("starters")?.addEventListener("submit", (event) => {
  event.preventDefault();
  talk.send(event.submitter.value);
  view.input.focus();
});

document.getElementById("log").addEventListener("submit", (event) => {
  event.preventDefault();
  const answer = Answer.of(event.target.closest(".message"));
  if (event.target.matches("[data-thumbs]")) talk.thumb(answer, Number(event.submitter.value));
  else talk.retry(answer);
});

document.getElementById("stop").addEventListener("click", () => talk.stop());

document.getElementById("restart").addEventListener("submit", () => { store.token = ""; });
