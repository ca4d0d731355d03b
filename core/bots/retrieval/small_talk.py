"""Greetings, thanks and nods, told from questions: no knowledge has to answer them."""

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
    """Whether every word of it is one of a greeting or of thanks."""
    said = _words(text)
    return bool(said) and (" ".join(said) in _PHRASES or _WORDS.issuperset(said))


def is_nod(text: str) -> bool:
    """Whether it says no more than yes, no or go on: what it is about was said before."""
    said = _words(text)
    return bool(said) and (_WORDS | _NODS).issuperset(said) and not _WORDS.issuperset(said)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.lower())
