"""Greetings and thanks, told from questions: no knowledge has to answer them."""

import re

_WORDS = {
    *("hi", "hello", "hey", "hiya", "good", "morning", "afternoon", "evening", "day", "night"),
    *("there", "thanks", "thank", "you", "bye", "goodbye", "ok", "okay", "great", "cool", "nice"),
    *("perfect", "super", "hallo", "guten", "tag", "morgen", "danke", "moin", "bonjour", "salut"),
    *("merci", "ciao", "hola", "gracias"),
}
_PHRASES = {"how are you", "hi how are you", "hello how are you", "thank you very much"}


def is_small_talk(text: str) -> bool:
    """Whether every word of it is one of a greeting or of thanks."""
    said = re.findall(r"[^\W\d_]+", text.lower())
    return bool(said) and (" ".join(said) in _PHRASES or _WORDS.issuperset(said))
