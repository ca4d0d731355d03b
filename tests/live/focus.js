// What can be said of the element that has the focus; run on it by keyboard.py.
function () {
  const px = (text) => Number.parseFloat(text) || 0;
  const box = this.getBoundingClientRect();
  const root = this.getRootNode();

  // The colour as sRGB numbers, whatever notation it is computed in.
  const rgba = (colour) => {
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return context.getImageData(0, 0, 1, 1).data;
  };
  const light = (colour) => {
    const [r, g, b] = [...rgba(colour)].slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement ?? at.getRootNode().host) {
      const { backgroundColor } = getComputedStyle(at);
      if (rgba(backgroundColor)[3] > 250) return backgroundColor;
    }
    return "white";
  };
  const ring = (element) => {
    const style = getComputedStyle(element);
    const drawn = style.outlineStyle !== "none" && px(style.outlineWidth) >= 1.5;
    return drawn && contrast(style.outlineColor, behind(element.parentElement ?? element)) >= 3;
  };
  const around = [this, ...(this.labels ?? []), this.parentElement, this.parentElement?.parentElement].filter(Boolean);
  const lines = [...this.getClientRects()]; // of a link that is broken over two lines, both
  const points = lines.flatMap(({ left, top, width, height }) => [0.1, 0.5, 0.9].map((x) => root.elementFromPoint(left + width * x, top + height / 2)));
  const ours = (at) => at && [this, ...(this.labels ?? [])].some((part) => part.contains(at));
  return {
    hosts: this.localName.includes("-") || this.localName === "iframe",
    html: this.cloneNode(false).outerHTML.slice(0, 200),
    isPlace: this === document.body || this === document.documentElement || this.tabIndex < 0,
    hasRing: around.some(ring),
    isSeen: box.width > 1 && box.height > 1 && points.some(ours),
  };
}
