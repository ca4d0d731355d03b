"""Detects greetings, thanks and nods, which need no search."""

import re

_WORDS = {
    *("hi", "hello", "hey", "hiya", "good", "morning", "afternoon", "evening", "day", "night"),
    *("there", "thanks", "thank", "you", "bye", "goodbye", "ok", "okay", "great", "cool", "nice"),
    *("perfect", "super", "hallo", "guten", "tag", "morgen", "danke", "moin", "bonjour", "salut"),
    *("merci", "ciao", "hola", "gracias"),
}
_PHRASES = {"how are you", "hi how are you", "hello how are you", "thank you very much"}
_NODS = {
    *("yes", "yeah", "yep", "no", "nope", "please", "sure", "right", "exactly", "correct", "ja"),
    *("go", "on", "more", "tell", "me", "oui", "si"),
}


def is_small_talk(text: str) -> bool:
    """Whether the text consists only of greetings and thanks."""
    words = _words(text)
    return bool(words) and (" ".join(words) in _PHRASES or _WORDS.issuperset(words))


def is_nod(text: str) -> bool:
    """Whether the text only says yes, no or go on, and so refers to the previous question."""
    words = _words(text)
    return bool(words) and (_WORDS | _NODS).issuperset(words) and not _WORDS.issuperset(words)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())
