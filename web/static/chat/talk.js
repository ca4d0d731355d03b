// The talk: a message is sent once, and its answer followed to the end. What was not accepted goes back into the line.
import { Answer } from "./answer.js";
import { Unknown } from "./follow.js";
import { countdown, note } from "./note.js";
import * as view from "./view.js";
import { Watch } from "./watch.js";
import { explain } from "./words.js";

export class Talk {
  #api; #store; #failure;
  #working = false;
  #ended = false;
  #watch;
  #draft = { text: "", id: "" }; // sent last and not accepted: the same text keeps its id

  constructor(api, store, failure) {
    this.#api = api;
    this.#store = store;
    this.#failure = failure;
    this.#watch = new Watch(api);
  }

  // One thing at a time: an answer is asked for, followed or fetched.
  async work(task) {
    this.#working = true;
    view.busy(true);
    try {
      await task();
    } finally {
      this.#working = false;
      view.busy(false);
    }
  }

  send(text) {
    if (!text) return;
    if (this.#working) return note("One moment: the answer before this one is still being written.");
    note();
    view.clear();
    view.toEnd();
    if (this.#ended) view.part("New conversation");
    this.#ended = false;
    const question = view.visitor(text);
    const answer = new Answer();
    return this.work(() => this.#ask(text, question, answer));
  }

  async #ask(text, question, answer) {
    this.#acceptedBy(question, answer);
    try {
      if (!this.#api.token) this.#store.token = await this.#api.open();
      await this.#watch.follow(answer, this.#api.send(text, this.#idOf(text)));
    } catch (error) {
      if (error instanceof Unknown && (await this.#arrived(text, question, answer))) return;
      view.remove(question, answer.item);
      view.giveBack(text);
      this.#refused(error);
    }
  }

  // From the event `message` on it is the server's.
  #acceptedBy(question, answer) {
    answer.onBegin = ({ question_id }) => {
      this.#draft = { text: "", id: "" };
      if (question_id) question.dataset.id = question_id;
    };
  }

  stop() {
    this.#watch.stop();
  }

  // Shown at once, taken back if it was not kept.
  async thumb(answer, thumb) {
    const before = answer.thumb;
    answer.thumb = thumb;
    await this.#api.feedback(answer.id, thumb).catch((error) => {
      answer.thumb = before;
      this.#refused(error, true);
    });
  }

  // The line was cut before the server said a word: ask what it has, rather than send again.
  async #arrived(text, question, answer) {
    const messages = await this.#api.history().catch(() => []);
    const at = messages.findLastIndex((m) => m.role === "visitor" && m.text === text && !view.known(m.id));
    const reply = messages[at + 1];
    if (at < 0 || reply?.role !== "answer") return false;
    answer.begin({ message_id: reply.id, question_id: messages[at].id });
    if (reply.status === "pending") await this.resume(answer);
    else answer.stored(reply);
    return true;
  }

  retry(answer) {
    if (this.#working) return;
    note();
    return this.work(async () => {
      try {
        const response = await this.#api.retry(answer.id);
        answer.reset();
        await this.#watch.follow(answer, response, answer.id);
      } catch (error) {
        this.#refused(error, true);
      }
    });
  }

  // From its first event on; what was there before stays if nothing comes.
  async resume(answer) {
    const before = answer.text;
    answer.reset();
    await this.#watch.follow(answer, null, answer.id);
    if (before && !answer.text) answer.stored({ text: before, status: answer.status });
  }

  // The conversation this browser remembers; one that has ended is forgotten.
  async remember() {
    const messages = await this.#api.history().catch((error) => {
      if (error.status === 401) this.#api.token = this.#store.token = "";
      return [];
    });
    for (const message of messages) {
      if (message.role === "visitor") view.visitor(message.text, message.id);
      else new Answer(undefined, message.id).stored(message);
    }
  }

  #refused(error, retried = false) {
    if (error.status === 401) {
      this.#api.token = this.#store.token = "";
      this.#ended = true;
    }
    const text = explain(error, this.#failure, retried);
    if (error.status === 429 && error.retryAfter) countdown(text, error.retryAfter);
    else note(text);
  }

  #idOf(text) {
    if (this.#draft.text !== text) this.#draft = { text, id: randomId() };
    return this.#draft.id;
  }
}

// crypto.randomUUID() wants https; a chat on a plain address works as well.
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
