// The visitor's token, kept in this browser for this bot. Where storage is refused, it lasts as long as the page.

export class Store {
  #key;
  #held = "";

  constructor(bot) {
    this.#key = `chat:${bot}`;
  }

  get token() {
    try {
      return localStorage.getItem(this.#key) ?? this.#held;
    } catch {
      return this.#held;
    }
  }

  set token(value) {
    this.#held = value;
    try {
      if (value) localStorage.setItem(this.#key, value);
      else localStorage.removeItem(this.#key);
    } catch { /* held above */ }
  }
}
