// The chat, hosted or in a frame: restores the conversation, then handles the visitor's actions.
import { Answer } from "./page/answer.js";
import { Api } from "./talk/api.js";
import "./page/copying.js";
import { greeted, on, tell } from "./host.js";
import { input } from "./page/line.js";
import "./preview.js";
import { Store } from "./talk/store.js";
import { Talk } from "./talk/talk.js";
import "./theme.js";
import * as view from "./page/view.js";

const page = document.getElementById("chat");
const composer = document.getElementById("composer");
const store = new Store(page.dataset.bot);
const api = new Api(page.dataset.api, page.dataset.token || store.token);
const restart = document.getElementById("restart");
const talk = new Talk(api, store);
api.conversation = page.dataset.conversation;

const started = talk.work(async () => {
  await store.ready;
  api.token ||= store.token;
  api.page = (await greeted).page ?? "";
  for (const item of document.querySelectorAll('#log [data-role="answer"]')) Answer.of(item);
  if (!page.dataset.token && api.token) await talk.remember();
  view.toEnd();
  const last = Answer.last();
  if (last?.status === "pending" && api.token) await talk.resume(last);
});

composer.addEventListener("submit", (event) => {
  event.preventDefault();
  talk.send(input.value.trim());
});

input.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  composer.requestSubmit();
});

document.getElementById("starters").addEventListener("submit", (event) => {
  event.preventDefault();
  talk.send(event.submitter.value);
  input.focus();
});

document.getElementById("log").addEventListener("submit", (event) => {
  event.preventDefault();
  const answer = Answer.of(event.target.closest(".message"));
  if (event.target.matches("[data-thumbs]")) talk.thumb(answer, Number(event.submitter.value));
  else talk.retry(answer);
});

document.getElementById("stop").addEventListener("click", () => talk.stop());

document.getElementById("close")?.addEventListener("click", () => tell("close"));

// If a cookie holds the conversation, the server ends it.
restart.addEventListener("submit", (event) => {
  if (page.dataset.token) return void (store.token = "");
  event.preventDefault();
  talk.restart();
});

on("ask", ({ text }) => started.then(() => talk.send(String(text).trim())));
on("restart", () => restart.requestSubmit());
on("opened", ({ focus }) => { if (focus) input.focus(); });
tell("ready");
