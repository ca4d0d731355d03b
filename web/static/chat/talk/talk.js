// The conversation: each message is sent once, and its answer followed to the end. A rejected text returns to the input.
import { Answer } from "../page/answer.js";
import { Left } from "./api.js";
import { rate } from "../page/below.js";
import { online } from "../page/connection.js";
import * as earlier from "./earlier.js";
import { Unknown } from "./follow.js";
import { tell } from "../host.js";
import * as line from "../page/line.js";
import { countdown, note } from "../page/note.js";
import { Once } from "./once.js";
import * as unread from "../page/unread.js";
import * as view from "../page/view.js";
import { Watch } from "./watch.js";
import { explain, say } from "../words.js";

export class Talk {
  #api; #store; #watch;
  #work = null;
  #ended = false;
  #once = new Once();

  constructor(api, store) {
    this.#api = api;
    this.#store = store;
    this.#watch = new Watch(api);
  }

  // One thing at a time: sending, following or loading.
  async work(task) {
    view.busy(true);
    this.#work = task().catch((error) => { if (!(error instanceof Left)) throw error; });
    try {
      await this.#work;
    } finally {
      this.#work = null;
      view.busy(false);
    }
  }

  send(text) {
    if (!text) return;
    const why = this.#work ? "conflict" : online() ? "" : "offline_send";
    note(why && say(why));
    if (why) return line.giveBack(text);
    line.clear();
    unread.forget();
    view.toEnd();
    if (this.#ended) view.add(view.parting(say("new_conversation")));
    this.#ended = false;
    const question = view.visitor(text);
    const answer = new Answer();
    return this.work(() => this.#ask(text, question, answer));
  }

  async #ask(text, question, answer) {
    this.#acceptedBy(question, answer);
    try {
      if (!this.#api.token) this.#store.token = await this.#api.open();
      await this.#follow(answer, this.#api.send(text, this.#once.idOf(text)));
    } catch (error) {
      if (error instanceof Left) throw error;
      // Lost before the first event: check what the server has instead of sending it again.
      const reply = error instanceof Unknown && (await earlier.find(this.#api, text, answer));
      if (reply) return reply.status === "pending" ? this.resume(answer) : undefined;
      view.remove(question, answer.item);
      line.giveBack(text);
      this.#refused(error);
    }
  }

  // After the event `message` the server has stored it.
  #acceptedBy(question, answer) {
    answer.onBegin = ({ question_id: id }) => {
      answer.onBegin = () => {};
      this.#once.accepted();
      if (id) question.dataset.id = id;
      this.#notify("visitor", id, "complete");
    };
  }

  async #follow(answer, response, id = "") {
    await this.#watch.follow(answer, response, id);
    unread.ended(answer.item);
    this.#notify("answer", answer.id, answer.status);
  }

  #notify(role, id, status) {
    tell("message", { role, message_id: id, conversation_id: this.#api.conversation, status });
  }

  stop() { this.#watch.stop(); }

  // A running answer continues on the server.
  async restart() {
    this.#api.leave();
    this.#store.token = "";
    await this.#work;
    this.#ended = false;
    note();
    unread.forget();
    view.empty();
    line.input.focus();
  }

  thumb(answer, thumb) {
    return rate(this.#api, answer, thumb).catch((error) => this.#refused(error, true));
  }

  retry(answer) {
    if (this.#work) return;
    if (!online()) return note(say("no_connection"));
    note();
    return this.work(async () => {
      try {
        const response = await this.#api.retry(answer.id);
        answer.reset();
        await this.#follow(answer, response, answer.id);
      } catch (error) {
        this.#refused(error, true);
      }
    });
  }

  // From its first event on; if nothing comes, the existing text stays.
  async resume(answer) {
    const before = answer.text;
    answer.reset();
    await this.#follow(answer, null, answer.id);
    if (before && !answer.text) answer.stored({ text: before, status: answer.status });
  }

  // The conversation stored in this browser; dropped if it has ended.
  async remember() {
    if (!(await earlier.show(this.#api))) this.#forget();
  }

  #forget() { this.#api.token = this.#store.token = ""; }

  #refused(error, retried = false) {
    if (error instanceof Left) return;
    if (error.status === 401) {
      this.#forget();
      this.#ended = true;
    }
    const text = explain(error, retried);
    if (error.status === 429 && error.retryAfter) countdown(text, error.retryAfter);
    else note(text);
  }
}
