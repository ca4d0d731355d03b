// What a visitor reads when something was refused. Never a word about providers, plans or keys.

export function explain({ status = 0, message = "" }, failure, retried) {
  const kept = retried ? "" : " What you wrote is still here.";
  switch (status) {
    case 0: return `There is no connection just now.${kept} Try again in a moment.`;
    case 401: return retried ? "This conversation has ended. Ask again to begin a new one." : "That conversation had ended. What you wrote is still here: send it to begin a new one.";
    case 409: return message || "One moment: the answer before this one is still being written.";
    case 413: return message || "This message is too long. Shorten it, then send it again.";
    case 403: case 404: case 429: return message || "This chat cannot take messages just now.";
    default: return failure;
  }
}
