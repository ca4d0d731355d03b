"""A browser in words, from what it says about itself: "Firefox on Linux"."""

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
"""The first that fits: most browsers also claim to be those further down."""
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
    name, system = _first(_NAMES, user_agent), _first(_SYSTEMS, user_agent)
    if name and system:
        return f"{name} on {system}"
    return name or (f"A browser on {system}" if system else "An unknown browser")


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((words for sign, words in table if sign in text), "")
