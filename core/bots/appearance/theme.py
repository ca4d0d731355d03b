"""What a look becomes in the frame: the values of its custom properties, for light and for dark.

Whatever the owner chose, every text reaches 4.5 : 1 on what it stands on, and every outline 3 : 1: what was
not chosen is derived so here; what was chosen is refused by `legibility` where it does not. The properties
override those of `css/tokens.css`, which are what stands here for a look that is all ours.
"""

import hashlib
from dataclasses import dataclass

from core.bots.appearance.appearance import Appearance
from core.bots.appearance.colors import (
    OUTLINE,
    TEXT,
    luminance,
    mix,
    readable,
    shifted_from,
    text_on,
)

PAPER = {"light": "#ffffff", "dark": "#191816"}
INK = {"light": "#1f1d1a", "dark": "#f1eee9"}
BAD = {"light": ("#fdeeec", "#a4231a"), "dark": ("#341816", "#f6a199")}
"""What went wrong, as background and text: `--red-1` and `--red-4` of the tokens."""

MODES = ("light", "dark")
MARGIN = 0.05
FONTS = {
    "inter": '"Inter", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    "system": 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
    "serif": 'ui-serif, "Iowan Old Style", Charter, Georgia, "Noto Serif", serif',
    "rounded": 'ui-rounded, "SF Pro Rounded", "Hiragino Maru Gothic ProN", Nunito, system-ui, sans-serif',
    "mono": 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "Liberation Mono", monospace',
}
_TEXT_SIZES = {"--text-s": 0.8125, "--text-m": 0.875, "--text-l": 1.0, "--text-xl": 1.25}
_SMALLEST_REM = 0.75


@dataclass(frozen=True)
class Ground:
    """Something that text stands on, with its text, quieter text and a shade of it to sink things into."""

    paper: str
    ink: str

    @property
    def sunken(self) -> str:
        """Towards the ink where that leaves it readable, else away from it."""
        towards = mix(self.paper, self.ink, MARGIN)
        ink_reads = readable(self.ink, (towards,), TEXT + 1) == self.ink
        return towards if ink_reads else shifted_from(self.ink, self.paper, 2 * MARGIN)

    @property
    def soft(self) -> str:
        return readable(mix(self.ink, self.paper, 0.22), (self.paper, self.sunken))

    @property
    def line(self) -> str:
        return mix(self.paper, self.ink, 0.12)


def paper_of(look: Appearance, mode: str) -> Ground:
    chosen = look.background_light if mode == "light" else look.background_dark
    return Ground(chosen or PAPER[mode], INK[mode])


def header_of(look: Appearance, mode: str) -> Ground:
    """Plain: the paper itself. Else a colour of its own, or the accent."""
    if look.header == "plain":
        return paper_of(look, mode)
    ground = look.header_background or look.accent
    chosen = look.header_text or ("" if look.header_background else look.accent_text)
    return Ground(ground, chosen or text_on(ground, INK["light"]))


def visitor_of(look: Appearance, mode: str) -> Ground:
    if not look.visitor_background:
        return Ground(tint_of(look, mode), INK[mode])
    ground = look.visitor_background
    return Ground(ground, look.visitor_text or text_on(ground, INK["light"]))


def answer_of(look: Appearance, mode: str) -> Ground:
    """Without a bubble an answer stands on the paper."""
    ground = look.answer_background
    return Ground(ground, _ink_on(ground)) if ground else paper_of(look, mode)


def fill_of(look: Appearance) -> Ground:
    """The accent as a surface: the same in both modes."""
    return Ground(look.accent, look.accent_text or text_on(look.accent, INK["light"]))


def launcher_of(look: Appearance) -> Ground:
    ground = look.launcher_background
    return Ground(ground, text_on(ground, INK["light"])) if ground else fill_of(look)


def tint_of(look: Appearance, mode: str, share: float = 0.11) -> str:
    """The paper with a little of the accent in it; with more, and of a lighter one, in the dark."""
    paper = paper_of(look, mode).paper
    if mode == "light":
        return mix(paper, look.accent, share)
    return mix(paper, readable(look.accent, (paper,)), share + 0.06)


def variables(look: Appearance) -> dict[str, str]:
    """The custom properties by name. Colours that differ by mode are written as `light-dark(…, …)`."""
    light, dark = (_colors(look, mode) for mode in MODES)
    both = {
        name: value if value == dark[name] else f"light-dark({value}, {dark[name]})"
        for name, value in light.items()
    }
    return both | _measures(look)


def css(look: Appearance) -> str:
    """The stylesheet of the frame; in no layer, so that it stands above all that are."""
    lines = [f"  {name}: {value};" for name, value in variables(look).items()]
    if look.mode != "auto":
        lines.insert(0, f"  color-scheme: {look.mode};")
    return "\n".join([":root {", *lines, "}", ""])


def digest(look: Appearance) -> str:
    """Changes with the stylesheet: its address carries it."""
    return hashlib.sha256(css(look).encode()).hexdigest()[:10]


def _colors(look: Appearance, mode: str) -> dict[str, str]:
    paper = paper_of(look, mode)
    floating = paper.paper if mode == "light" else mix(paper.paper, paper.ink, 0.04)
    tint = tint_of(look, mode)
    grounds = (paper.paper, paper.sunken, floating, tint)
    accent = readable(look.accent, grounds)
    red_paper, red = BAD[mode]
    return {
        "--paper": paper.paper,
        "--paper-side": mix(paper.paper, paper.ink, 0.02),
        "--paper-sunken": paper.sunken,
        "--paper-float": floating,
        "--line": paper.line,
        "--line-strong": mix(paper.paper, paper.ink, 0.2),
        "--line-control": readable(mix(paper.paper, paper.ink, 0.45), grounds, OUTLINE),
        "--ink": paper.ink,
        "--ink-soft": readable(mix(paper.ink, paper.paper, 0.22), grounds),
        "--ink-faint": readable(mix(paper.ink, paper.paper, 0.34), grounds),
        "--accent": accent,
        "--accent-strong": readable(mix(accent, paper.ink, 0.25), grounds),
        "--accent-soft": tint,
        "--accent-line": tint_of(look, mode, 0.34),
        "--on-accent": text_on(accent, INK["light"]),
        "--focus": accent,
        "--red-4": readable(red, (red_paper, *grounds)),
        **_surfaces(look, mode),
    }


def _surfaces(look: Appearance, mode: str) -> dict[str, str]:
    """What has a background of its own: the filled button, the header, both bubbles."""
    fill, header = fill_of(look), header_of(look, mode)
    visitor, answer = visitor_of(look, mode), answer_of(look, mode)
    return {
        "--fill": fill.paper,
        "--fill-strong": shifted_from(fill.ink, fill.paper, 0.14),
        "--on-fill": fill.ink,
        "--header": header.paper,
        "--header-sunken": header.sunken,
        "--header-line": header.line if look.header == "plain" else header.paper,
        "--on-header": header.ink,
        "--on-header-soft": header.soft,
        "--visitor": visitor.paper,
        "--on-visitor": visitor.ink,
        "--answer": answer.paper if look.answer_background else "transparent",
        "--answer-sunken": answer.sunken,
        "--answer-line": mix(answer.paper, answer.ink, 0.2),
        "--on-answer": answer.ink,
        "--on-answer-soft": answer.soft,
        "--link": readable(look.link or look.accent, (answer.paper, answer.sunken)),
    }


def _measures(look: Appearance) -> dict[str, str]:
    base = look.font_size / 16
    sizes = {
        name: f"{max(share * base, _SMALLEST_REM):g}rem" for name, share in _TEXT_SIZES.items()
    }
    return {
        "--font": FONTS[look.font],
        **sizes,
        "--radius": f"{round(look.radius * 0.6)}px",
        "--radius-l": f"{look.radius}px",
        "--bubble-radius": f"{look.radius}px",
    }


def _ink_on(ground: str) -> str:
    """Of our two inks the one that reads better; else black or white."""
    return text_on(ground, INK["light"]) if luminance(ground) < 0.5 else INK["light"]


def derived(look: Appearance) -> dict[str, str]:
    """What stands in place of each colour that the owner left to us, in the first mode that shows."""
    mode = "dark" if look.mode == "dark" else "light"
    header = header_of(look.model_copy(update={"header": "accent"}), mode)
    visitor = visitor_of(look, mode)
    return {
        "accent_text": fill_of(look).ink,
        "background_light": paper_of(look, "light").paper,
        "background_dark": paper_of(look, "dark").paper,
        "visitor_background": visitor.paper,
        "visitor_text": visitor.ink,
        "answer_background": answer_of(look, mode).paper,
        "link": _surfaces(look, mode)["--link"],
        "header_background": header.paper,
        "header_text": header.ink,
        "launcher_background": launcher_of(look).paper,
    }
