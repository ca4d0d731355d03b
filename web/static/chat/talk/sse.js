// Server-sent events from a fetch response: {id, event, data}, with data parsed as JSON. Comments are keep-alive pings.

// Pings come at least every 15 s: after three missed ones the connection counts as lost.
const SILENCE_MS = 45_000;

export async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await withinTime(reader.read());
      if (done) return;
      const parts = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        const event = parse(part);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

export function parse(part) {
  const fields = { id: "", event: "message", data: [] };
  for (const line of part.split("\n")) {
    const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
    if (name === "data") fields.data.push(value);
    else if (name === "id" || name === "event") fields[name] = value;
  }
  if (!fields.data.length) return null;
  return { id: fields.id, event: fields.event, data: JSON.parse(fields.data.join("\n")) };
}

// A lost connection may stay open, but the browser reports that it is offline.
function withinTime(promise) {
  let timer;
  let broken;
  const silence = new Promise((_, reject) => {
    broken = () => reject(new Error("The stream fell silent"));
    timer = setTimeout(broken, SILENCE_MS);
    addEventListener("offline", broken);
  });
  return Promise.race([promise, silence]).finally(() => {
    clearTimeout(timer);
    removeEventListener("offline", broken);
  });
}
