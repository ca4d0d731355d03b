// The frame, created when the window is first opened. It and the loader exchange messages.

const CHECK_AFTER_MS = 1500; // a frame that has loaded says `ready` before that
const GIVE_UP_MS = 6500;
const LATEST_MS = 15000; // for browsers that do not report that a frame failed to load

let frame;
let ready = false;
let queued = []; // messages for a frame that has not loaded yet

function bring() {
  const mine = make("iframe", { title: config.title, allow: "clipboard-write", src: `${config.frame}?lang=${words.language}` });
  const silent = () => mine === frame && !ready;
  const fail = () => silent() && state("failed");
  let checked = false;
  const check = () => {
    if (checked || !silent()) return;
    checked = true;
    inquire(() => setTimeout(fail, GIVE_UP_MS), fail);
  };
  frame?.remove();
  frame = mine;
  ready = false;
  state("waits");
  mine.onload = () => setTimeout(check, CHECK_AFTER_MS);
  setTimeout(check, LATEST_MS);
  panel.append(mine);
}

function state(name) {
  panel.dataset.state = name;
  sorry.textContent = name === "failed" ? words.failed : "";
}

// Why is the frame silent? Loads the script again: for a site that is not allowed, or a bot that is disabled, the server
// answers with the two lines that remove this widget. Sent with the origin, also from pages without a referrer.
function inquire(answered, unreachable) {
  const question = make("script", { crossorigin: "anonymous" });
  question.onload = answered;
  question.onerror = unreachable;
  question.nonce = script?.nonce;
  try {
    question.src = `${config.script}?ask=${Date.now()}`;
    document.head.append(question);
  } catch {
    unreachable(); // a page with trusted types
  }
}

function say(type, facts) {
  if (ready) frame.contentWindow.postMessage({ mevichat: 1, type, ...facts }, config.origin);
  else queued.push([type, facts]);
}

function hear({ source, origin, data }) {
  if (source !== frame?.contentWindow || origin !== config.origin || data?.mevichat !== 1) return;
  const { type, token, count, role, message_id, conversation_id, status } = data;
  if (type === "ready") greet();
  if (type === "token") keep("localStorage", "token", String(token));
  if (type === "close") close();
  if (type === "unread") tellUnread(count);
  if (type === "message") emit(type, { role, message_id, conversation_id, status });
}

// Moves the focus into the frame only if it is still on the window.
function greet() {
  const focus = panel.contains(root.activeElement);
  ready = true;
  say("hello", { token: keep("localStorage", "token"), open: opened, language: words.language });
  state("ready");
  if (opened) enter(focus);
  for (const [type, facts] of queued) say(type, facts);
  queued = [];
}
