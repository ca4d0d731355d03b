// The page's messages in the visitor's language, which the server put into the page.
const words = JSON.parse(document.getElementById("chat").dataset.words);

export const language = document.documentElement.lang;

// The message, with `{name}` filled from facts.
export function say(key, facts = {}) {
  return words[key].replace(/{(\w+)}/g, (_, name) => facts[name]);
}

// Why something was rejected, by the endpoint's code. Never mentions providers, plans or keys.
export function explain({ status = 0, code = "" }, retried) {
  const key = reason(status, code);
  return say(!retried && Object.hasOwn(words, `${key}_kept`) ? `${key}_kept` : key);
}

export const failure = (code) => say(Object.hasOwn(words, code) ? code : "answer_failed");

function reason(status, code) {
  if (status === 0) return "no_connection";
  if (Object.hasOwn(words, code)) return code;
  return [403, 404].includes(status) ? "closed" : "answer_failed";
}
