// What shows that a page took words for more than words. Run inside the page by hostile.py.

// The elements with attributes that each word would be, were it taken for HTML: their own tags, without what is inside.
function wouldMake(words) {
  const page = (word) => new DOMParser().parseFromString(word, "text/html");
  return words.flatMap((word) => elements(page(word)).filter((element) => element.attributes.length).map(tag));
}

function signs(made) {
  const known = new Set(made);
  const found = elements(document).flatMap((element) => of(element, known).map((sign) => `${sign}: ${tag(element)}`));
  if ("xss" in window || "xss" in {}) found.push("a script ran");
  return [...found, ...window.violations.map((told) => `against the policy: ${told}`)];
}

function of(element, known) {
  const found = known.has(tag(element)) ? ["made from a word"] : [];
  if (element.matches("object, embed, base, math, style, meta[http-equiv=refresh]")) found.push("has no place here");
  for (const { name, value } of element.attributes) {
    if (/^(on|hx-on|style$)/.test(name) && !isSizedByUs(element, name)) found.push(`has ${name}`);
    if (ADDRESSES.includes(name)) found.push(...leads(element, name, value));
  }
  return found;
}

// The widget's script, and the preview of it, say sizes where no sheet can.
const isSizedByUs = (element, name) => name === "style" && element.matches(".panel, [id^=look-]");

const ADDRESSES = ["src", "href", "xlink:href", "action", "formaction", "data", "ping", "srcdoc", "hx-get", "hx-post"];

function leads(element, name, value) {
  const url = URL.canParse(value, document.baseURI) && new URL(value, document.baseURI);
  if (!["http:", "https:", "mailto:"].includes(url.protocol)) return [`leads to ${value}`];
  const mayLeave = url.protocol === "mailto:" || (name === "href" && element.matches("a[rel~=noopener]"));
  return mayLeave || url.host === location.host ? [] : [`asks ${url.host}`];
}

// Those in templates and shadow trees, too.
function elements(root) {
  return [...root.querySelectorAll("*")].flatMap((element) => {
    const inside = [element.shadowRoot, element.content].filter((part) => part instanceof DocumentFragment);
    return [element, ...inside.flatMap(elements)];
  });
}

const tag = (element) => element.cloneNode(false).outerHTML.slice(0, 400);
