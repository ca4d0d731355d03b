// The visitor's token, kept in this browser for this bot. Where storage is refused, it lasts as long as the page.
// In a frame it is the site that keeps it: storage of ours is blocked or forgotten there.
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
