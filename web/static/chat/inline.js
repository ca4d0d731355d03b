// The text of a line as nodes: code, bold, slanted, and links. A picture becomes a link to it.

const INLINE = /`([^`\n]+)`|\*\*(?=\S)(.+?)\*\*|(?<!\w)__(?=\S)(.+?)__(?!\w)|\*(?=[^\s*])([^*\n]*[^\s*])\*|(?<!\w)_(?=[^\s_])([^_\n]*[^\s_])_(?!\w)|!?\[([^\]\n]*)\]\(((?:[^\s()]|\([^\s()]*\))+)(?: +"[^"\n]*")?\)|(https?:\/\/[^\s<>"'`\u3000-\u303f\uff00-\uffef]+[^\s<>"'`\u3000-\u303f\uff00-\uffef.,:;!?)\]])/s;

export function inline(text) {
  const nodes = [];
  let rest = text;
  for (let match; (match = INLINE.exec(rest)); rest = rest.slice(match.index + match[0].length)) {
    if (match.index) nodes.push(rest.slice(0, match.index));
    const [whole, code, bold, bold2, slant, slant2, label, address, bare] = match;
    if (code) nodes.push(Object.assign(element("code", [code]), { dir: "ltr" }));
    else if (bold ?? bold2) nodes.push(element("strong", inline(bold ?? bold2)));
    else if (slant ?? slant2) nodes.push(element("em", inline(slant ?? slant2)));
    else nodes.push(link(bare ?? address, label) ?? whole);
  }
  return rest ? [...nodes, rest] : nodes;
}

// An address that is shown as such reads from left to right, whatever stands around it.
function link(address, label) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!["http:", "https:"].includes(url?.protocol)) return null;
  const made = Object.assign(element("a", [label || address]), { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" });
  if (!label) made.dir = "ltr";
  return made;
}

export function element(tag, children = []) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}
