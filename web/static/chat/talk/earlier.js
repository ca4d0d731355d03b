// The conversation as stored on the server: to restore it, or to find a message that may have arrived.
import { Answer } from "../page/answer.js";
import * as view from "../page/view.js";

// The token's conversation. False if it has ended.
export async function show(api) {
  const found = await api.history().catch(({ status }) => (status === 401 ? null : []));
  if (!found) return false;
  view.together(() => found.forEach(one));
  return true;
}

function one(message) {
  if (message.role === "visitor") view.visitor(message.text, message.id);
  else new Answer(undefined, message.id).stored(message);
}

// The server's reply to a text that was sent without a response, shown as `answer`; null if there is none.
export async function find(api, text, answer) {
  const messages = await api.history().catch(() => []);
  const at = messages.findLastIndex((m) => m.role === "visitor" && m.text === text && !view.known(m.id));
  const reply = messages[at + 1];
  if (at < 0 || reply?.role !== "answer") return null;
  answer.begin({ message_id: reply.id, question_id: messages[at].id });
  if (reply.status !== "pending") answer.stored(reply);
  return reply;
}
