// The bot endpoint. Every POST goes out once: nothing here repeats one.

// What the server would not do, or (status 0) that it could not be reached.
export class Refused extends Error {
  constructor(status, { code = "", message = "" } = {}, retryAfter = 0) {
    super(message);
    Object.assign(this, { status, code, retryAfter });
  }
}

export class Api {
  constructor(base, token) {
    Object.assign(this, { base, token });
  }

  async open() {
    const answer = await this.#call("POST", "/conversations");
    this.token = (await answer.json()).visitor_token;
    return this.token;
  }

  async history() {
    return (await (await this.#call("GET", "/messages")).json()).messages;
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
    const request = { method, headers, body: body && JSON.stringify(body), cache: "no-store", credentials: "omit" };
    const response = await fetch(this.base + path, request).catch(() => { throw new Refused(0); });
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    throw new Refused(response.status, told.error ?? {}, Number(response.headers.get("Retry-After")) || 0);
  }
}

const STREAM = { Accept: "text/event-stream" };
