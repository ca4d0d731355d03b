// Follows one answer from its first event to its last. A broken stream is resumed a few times with growing delays; after
// that the answer ends as interrupted. While offline, it waits.
import { Left, Refused } from "./api.js";
import { backOnline, online } from "../page/connection.js";
import { events } from "./sse.js";

const WAITS_MS = [400, 1000, 2000, 4000, 8000];

// The stream broke before its first event.
export class Unknown extends Error {}

// Calls answer.begin(ids, length so far), add(text), cite(sources) and end(status, code). Resolves when it has ended.
export async function follow(api, response, answer, id = "") {
  const seen = { id, last: "" };
  const { signal } = api;
  for (let tries = 0; ; tries += 1) {
    const before = seen.last;
    if (response && (await drain(response, answer, seen))) return;
    if (signal.aborted) throw new Left();
    if (!seen.id) throw new Unknown();
    if (seen.last !== before || !online()) tries = 0;
    if (tries >= WAITS_MS.length) return answer.end("interrupted");
    await new Promise((resolve) => setTimeout(resolve, WAITS_MS[tries]));
    await backOnline();
    if (signal.aborted) throw new Left();
    response = await resumed(api, seen);
    if (response === GONE) return answer.end("interrupted");
  }
}

const GONE = Symbol("gone");

async function resumed(api, seen) {
  try {
    return await api.resume(seen.id, seen.last);
  } catch (error) {
    if (error instanceof Left) throw error;
    const final = error instanceof Refused && [401, 403, 404, 410].includes(error.status);
    return final ? GONE : null;
  }
}

// True if the answer has ended; false if the stream broke.
async function drain(response, answer, seen) {
  try {
    for await (const { id, event, data } of events(response.body)) {
      if (id) seen.last = id;
      if (event === "message") {
        seen.id = data.message_id;
        answer.begin(data, Number(id.split(".")[1]));
      } else if (event === "delta") {
        answer.add(data.text);
      } else if (event === "sources") {
        answer.cite(data.sources);
      } else if (event === "done") {
        answer.end(data.status, "", data.status !== "complete");
        return true;
      } else if (event === "error") {
        answer.end("failed", data.code);
        return true;
      }
    }
  } catch { /* cut, silent or garbled: resume */ }
  return false;
}
