// The answer that is being written, and its Stop button.
import { follow } from "./follow.js";
import { note } from "../page/note.js";
import { stoppable } from "../page/view.js";
import { say } from "../words.js";

export class Watch {
  #api;
  #answer = null;
  #stopping = false;

  constructor(api) {
    this.#api = api;
  }

  // Follows an answer to its end; rethrows what the request throws.
  async follow(answer, response, id = "") {
    this.#answer = answer;
    this.#stopping = false;
    this.#noteItsId(answer);
    stoppable(true);
    try {
      await follow(this.#api, await response, answer, id);
    } finally {
      this.#answer = null;
      stoppable(false);
    }
  }

  // Before the answer has an id, the stop waits for it.
  stop() {
    if (!this.#answer || this.#stopping) return;
    this.#stopping = true;
    if (this.#answer.id) this.#send(this.#answer.id);
  }

  #noteItsId(answer) {
    const { onBegin, id } = answer;
    answer.onBegin = (ids) => {
      answer.onBegin = onBegin;
      onBegin(ids);
      if (!id && this.#stopping) this.#send(ids.message_id);
    };
  }

  // The stream reports the end. A stop that fails can be repeated.
  #send(id) {
    this.#api.stop(id).catch(() => {
      this.#stopping = false;
      note(say("stop_failed"));
    });
  }
}
