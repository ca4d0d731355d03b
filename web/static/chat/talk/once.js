// The client id of a message: the same text keeps it until it is accepted, so that it is stored once.
export class Once {
  #text = "";
  #id = "";

  idOf(text) {
    if (this.#text !== text) [this.#text, this.#id] = [text, randomId()];
    return this.#id;
  }

  accepted() {
    this.#text = "";
  }
}

// crypto.randomUUID() needs https; a chat on plain http works too.
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
