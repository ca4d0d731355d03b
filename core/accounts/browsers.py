"""Describes a browser by its User-Agent header: "Firefox on Linux"."""

_NAMES = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
"""The first match counts: most browsers also name those further down."""
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "a Mac"),
    ("Linux", "Linux"),
)


def in_words(user_agent: str) -> str:
    """`Firefox on Linux`, as far as the header tells."""
    name, system = _first(_NAMES, user_agent), _first(_SYSTEMS, user_agent)
    if name and system:
        return f"{name} on {system}"
    return name or (f"A browser on {system}" if system else "An unknown browser")


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((words for sign, words in table if sign in text), "")
