// The id under which a message is sent: the same text keeps it until it was accepted, so that it is one message.
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

// crypto.randomUUID() wants https; a chat on a plain address works as well.
function randomId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
