// One answer on the page: it grows while it is written, and is announced sentence by sentence.
import { press, showSources, sourcesOf, thumbOf } from "./below.js";
import { linkMarks } from "../markdown/cite.js";
import { speak } from "./speak.js";
import { paint, sentences, showable } from "../markdown/stream.js";
import { add, fromTemplate, keepEnd } from "./view.js";
import { failure } from "../words.js";

// follow() calls begin, add, cite and end.
export class Answer {
  static #all = new WeakMap();

  // The answer in this item of the log, including one rendered by the server.
  static of(item) {
    if (!Answer.#all.has(item)) new Answer(item).stored({ text: item.querySelector(".text").textContent, status: item.dataset.status });
    return Answer.#all.get(item);
  }

  static last() {
    const item = [...document.querySelectorAll('#log [data-role="answer"]')].at(-1);
    return item && Answer.of(item);
  }

  onBegin = () => {};

  constructor(item = add(fromTemplate("answer")), id = item.dataset.id) {
    Object.assign(this, { item, text: "", spoken: "", frame: 0 });
    this.place = item.querySelector(".text");
    if (id) item.dataset.id = id;
    Answer.#all.set(item, this);
  }

  get id() { return this.item.dataset.id ?? ""; }
  get status() { return this.item.dataset.status; }
  get thumb() { return thumbOf(this.item); }
  set thumb(thumb) { press(this.item, thumb); }

  // A resumed stream continues after the characters already shown.
  begin(ids, characters = 0) {
    this.item.dataset.id = ids.message_id;
    this.onBegin(ids);
    if (!characters) this.reset();
  }

  reset() {
    this.text = this.spoken = "";
    this.item.dataset.status = "pending";
    this.item.removeAttribute("data-stopped");
    showSources(this.item, []);
    press(this.item, 0);
    paint(this.place, "");
  }

  add(text) {
    this.text += text;
    this.frame ||= requestAnimationFrame(() => this.show());
  }

  cite(sources) {
    showSources(this.item, sources);
    keepEnd();
  }

  // `code` is why it failed. A stream that is done but not complete was stopped.
  end(status, code = "", stopped = false) {
    this.item.dataset.status = status;
    this.item.toggleAttribute("data-stopped", stopped);
    this.#failed(code);
    this.show();
    if (status !== "complete") speak(this.item.querySelector(stopped ? ".stopped" : ".failed").textContent);
  }

  show() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const done = this.status !== "pending";
    paint(this.place, done ? this.text : showable(this.text));
    if (done) linkMarks(this.place, sourcesOf(this.item));
    const ready = sentences(this.text, done);
    if (ready.length > this.spoken.length) speak(ready.slice(this.spoken.length));
    this.spoken = ready;
    keepEnd();
  }

  // From the server, without announcing it. Omitted fields stay as they are.
  stored({ text, status, failure: code, stopped, sources, thumb }) {
    this.text = text;
    this.spoken = sentences(text, true);
    this.item.dataset.status = status;
    if (stopped !== undefined) this.item.toggleAttribute("data-stopped", stopped);
    if (code && !stopped) this.#failed(code);
    if (sources) showSources(this.item, sources);
    if (thumb !== undefined) press(this.item, thumb);
    paint(this.place, text);
    linkMarks(this.place, sourcesOf(this.item));
  }

  #failed(code) {
    this.item.querySelector(".failed span").textContent = failure(code);
  }
}
