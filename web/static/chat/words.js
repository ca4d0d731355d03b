// What the page says when something has happened: the page brought the sentences along, in the visitor's language.
const words = JSON.parse(document.getElementById("chat").dataset.words);

export const language = document.documentElement.lang;

// The sentence, with `{name}` filled from facts.
export function say(key, facts = {}) {
  return words[key].replace(/{(\w+)}/g, (_, name) => facts[name]);
}

// Why something was refused, by the endpoint's code. Never a word about providers, plans or keys.
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
