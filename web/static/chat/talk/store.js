// The visitor's token for this bot, in this browser's storage. Without storage, it lasts until the page is left.
// In a frame the site stores it, because browsers block or clear third-party storage.
import { framed, greeted, tell } from "../host.js";

export class Store {
  #key;
  #held = "";

  constructor(bot) {
    this.#key = `chat:${bot}`;
    this.ready = greeted.then(({ token = "" }) => { this.#held = token; });
  }

  get token() {
    if (framed) return this.#held;
    try {
      return localStorage.getItem(this.#key) ?? this.#held;
    } catch {
      return this.#held;
    }
  }

  set token(value) {
    this.#held = value;
    if (framed) return tell("token", { token: value });
    try {
      if (value) localStorage.setItem(this.#key, value);
      else localStorage.removeItem(this.#key);
    } catch { /* held above */ }
  }
}
