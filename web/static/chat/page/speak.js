// Announcements in a polite live region. Lines stay for a while, so that none is lost to the next.
const AT_MOST = 12;
const live = document.getElementById("live");

export function speak(text) {
  const line = document.createElement("p");
  line.textContent = text.trim();
  if (!line.textContent) return;
  live.append(line);
  while (live.children.length > AT_MOST) live.firstChild.remove();
}
