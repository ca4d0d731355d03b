"""The CSS custom properties of a bot's appearance, for light and dark mode.

Every text reaches a contrast of 4.5:1 on its background, and every outline 3:1: colors that the owner left
open are derived here so that they do; `contrast` refuses chosen ones that don't. The properties override
those of `css/tokens.css`, which hold the same values as the default appearance.
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
"""Background and text of an error: `--red-1` and `--red-4` of the tokens."""

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
    """A surface with its text color, a quieter text color and a darker shade for inset elements."""

    paper: str
    ink: str

    @property
    def sunken(self) -> str:
        """Shifted toward the ink if that stays readable, else away from it."""
        towards = mix(self.paper, self.ink, MARGIN)
        ink_reads = readable(self.ink, (towards,), TEXT + 1) == self.ink
        return towards if ink_reads else shifted_from(self.ink, self.paper, 2 * MARGIN)

    @property
    def soft(self) -> str:
        return readable(mix(self.ink, self.paper, 0.22), (self.paper, self.sunken))

    @property
    def line(self) -> str:
        return mix(self.paper, self.ink, 0.12)


def paper_of(appearance: Appearance, mode: str) -> Ground:
    chosen = appearance.background_light if mode == "light" else appearance.background_dark
    return Ground(chosen or PAPER[mode], INK[mode])


def header_of(appearance: Appearance, mode: str) -> Ground:
    """The paper if the header is plain, else its own color or the accent."""
    if appearance.header == "plain":
        return paper_of(appearance, mode)
    ground = appearance.header_background or appearance.accent
    chosen = appearance.header_text or (
        "" if appearance.header_background else appearance.accent_text
    )
    return Ground(ground, chosen or text_on(ground, INK["light"]))


def visitor_of(appearance: Appearance, mode: str) -> Ground:
    if not appearance.visitor_background:
        return Ground(tint_of(appearance, mode), INK[mode])
    ground = appearance.visitor_background
    return Ground(ground, appearance.visitor_text or text_on(ground, INK["light"]))


def answer_of(appearance: Appearance, mode: str) -> Ground:
    """An answer without a bubble is shown on the paper."""
    ground = appearance.answer_background
    return Ground(ground, _ink_on(ground)) if ground else paper_of(appearance, mode)


def fill_of(appearance: Appearance) -> Ground:
    """The accent as a surface: the same in both modes."""
    return Ground(
        appearance.accent, appearance.accent_text or text_on(appearance.accent, INK["light"])
    )


def launcher_of(appearance: Appearance) -> Ground:
    ground = appearance.launcher_background
    return Ground(ground, text_on(ground, INK["light"])) if ground else fill_of(appearance)


def tint_of(appearance: Appearance, mode: str, share: float = 0.11) -> str:
    """The paper with a little of the accent; in dark mode more of it, and lighter."""
    paper = paper_of(appearance, mode).paper
    if mode == "light":
        return mix(paper, appearance.accent, share)
    return mix(paper, readable(appearance.accent, (paper,)), share + 0.06)


def variables(appearance: Appearance) -> dict[str, str]:
    """The custom properties by name. Colors that differ by mode are written as `light-dark(…, …)`."""
    light, dark = (_colors(appearance, mode) for mode in MODES)
    both = {
        name: value if value == dark[name] else f"light-dark({value}, {dark[name]})"
        for name, value in light.items()
    }
    return both | _measures(appearance)


def css(appearance: Appearance) -> str:
    """The chat's stylesheet, outside any cascade layer so that it overrides them all."""
    lines = [f"  {name}: {value};" for name, value in variables(appearance).items()]
    if appearance.mode != "auto":
        lines.insert(0, f"  color-scheme: {appearance.mode};")
    return "\n".join([":root {", *lines, "}", ""])


def digest(appearance: Appearance) -> str:
    """A hash of the stylesheet, used in its URL."""
    return hashlib.sha256(css(appearance).encode()).hexdigest()[:10]


def _colors(appearance: Appearance, mode: str) -> dict[str, str]:
    paper = paper_of(appearance, mode)
    floating = paper.paper if mode == "light" else mix(paper.paper, paper.ink, 0.04)
    tint = tint_of(appearance, mode)
    grounds = (paper.paper, paper.sunken, floating, tint)
    accent = readable(appearance.accent, grounds)
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
        "--accent-line": tint_of(appearance, mode, 0.34),
        "--on-accent": text_on(accent, INK["light"]),
        "--focus": accent,
        "--red-4": readable(red, (red_paper, *grounds)),
        **_surfaces(appearance, mode),
    }


def _surfaces(appearance: Appearance, mode: str) -> dict[str, str]:
    """Elements with their own background: the filled button, the header and both bubbles."""
    fill, header = fill_of(appearance), header_of(appearance, mode)
    visitor, answer = visitor_of(appearance, mode), answer_of(appearance, mode)
    return {
        "--fill": fill.paper,
        "--fill-strong": shifted_from(fill.ink, fill.paper, 0.14),
        "--on-fill": fill.ink,
        "--header": header.paper,
        "--header-sunken": header.sunken,
        "--header-line": header.line if appearance.header == "plain" else header.paper,
        "--on-header": header.ink,
        "--on-header-soft": header.soft,
        "--visitor": visitor.paper,
        "--on-visitor": visitor.ink,
        "--answer": answer.paper if appearance.answer_background else "transparent",
        "--answer-sunken": answer.sunken,
        "--answer-line": mix(answer.paper, answer.ink, 0.2),
        "--on-answer": answer.ink,
        "--on-answer-soft": answer.soft,
        "--link": readable(appearance.link or appearance.accent, (answer.paper, answer.sunken)),
    }


def _measures(appearance: Appearance) -> dict[str, str]:
    base = appearance.font_size / 16
    sizes = {
        name: f"{max(share * base, _SMALLEST_REM):g}rem" for name, share in _TEXT_SIZES.items()
    }
    return {
        "--font": FONTS[appearance.font],
        **sizes,
        "--radius": f"{round(appearance.radius * 0.6)}px",
        "--radius-l": f"{appearance.radius}px",
        "--bubble-radius": f"{appearance.radius}px",
    }


def _ink_on(ground: str) -> str:
    """Our ink or white, whichever is more readable; black if neither is."""
    return text_on(ground, INK["light"]) if luminance(ground) < 0.5 else INK["light"]


def derived(appearance: Appearance) -> dict[str, str]:
    """The color used for each field that the owner left open, in the first mode that is shown."""
    mode = "dark" if appearance.mode == "dark" else "light"
    header = header_of(appearance.model_copy(update={"header": "accent"}), mode)
    visitor = visitor_of(appearance, mode)
    return {
        "accent_text": fill_of(appearance).ink,
        "background_light": paper_of(appearance, "light").paper,
        "background_dark": paper_of(appearance, "dark").paper,
        "visitor_background": visitor.paper,
        "visitor_text": visitor.ink,
        "answer_background": answer_of(appearance, mode).paper,
        "link": _surfaces(appearance, mode)["--link"],
        "header_background": header.paper,
        "header_text": header.ink,
        "launcher_background": launcher_of(appearance).paper,
    }
