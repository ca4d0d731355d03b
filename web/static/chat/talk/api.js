// The bot endpoint. No POST is retried here.

// An error of the server, or status 0 if it could not be reached.
export class Refused extends Error {
  constructor(status, { code = "", message = "" } = {}, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

// The visitor started a new conversation in the meantime.
export class Left extends Error {}

export class Api {
  #leaving = new AbortController();

  constructor(base, token) {
    Object.assign(this, { base, token, page: "", conversation: "" }); // `page`: the site around the frame
  }

  // Aborted when this conversation is left, which ends open streams.
  get signal() { return this.#leaving.signal; }

  leave() {
    this.token = this.conversation = "";
    this.#leaving.abort();
    this.#leaving = new AbortController();
  }

  async open() {
    const page = this.page ? { "X-Mevichat-Page": this.page } : {};
    const answer = await this.#call("POST", "/conversations", undefined, page);
    ({ visitor_token: this.token, conversation_id: this.conversation } = await answer.json());
    return this.token;
  }

  async history() {
    const { conversation_id, messages } = await (await this.#call("GET", "/messages")).json();
    this.conversation = conversation_id;
    return messages;
  }

  send(text, clientMessageId) {
    return this.#call("POST", "/messages", { text, client_message_id: clientMessageId }, STREAM);
  }

  retry(id) {
    return this.#call("POST", `/messages/${encodeURIComponent(id)}/retry`, {}, STREAM);
  }

  stop(id) {
    return this.#call("POST", `/messages/${encodeURIComponent(id)}/stop`, {});
  }

  feedback(id, thumb) {
    return this.#call("POST", `/messages/${encodeURIComponent(id)}/feedback`, { thumb });
  }

  resume(id, lastEventId) {
    const headers = lastEventId ? { ...STREAM, "Last-Event-ID": lastEventId } : STREAM;
    return this.#call("GET", `/messages/${encodeURIComponent(id)}/events`, undefined, headers);
  }

  async #call(method, path, body, extra = {}) {
    const headers = { Accept: "application/json", ...extra };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (body) headers["Content-Type"] = "application/json";
    const { signal } = this;
    const request = { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit", signal };
    const response = await fetch(this.base + path, request).catch(() => { throw signal.aborted ? new Left() : new Refused(0); });
    if (response.ok) return response;
    const problem = await response.json().catch(() => ({}));
    throw new Refused(response.status, problem.error ?? {}, Number(response.headers.get("Retry-After")) || 0);
  }
}

const STREAM = { Accept: "text/event-stream" };
