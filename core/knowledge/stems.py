"""Words by their stems, so that “returns” is found by “returned”: a light reading of English endings.

The databases stem by themselves to find candidates; this only has to agree with itself, to order them.
It leaves words of other languages mostly as they are.
"""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
_ENDINGS = re.compile(r"(?:ations?|ments?|ingly|edly|ings?|ness|able|ally|ers?|ed|ly|al|es|s)$")
_SHORTEST = 3


def words_of(text: str) -> list[str]:
    """The stem of each word, in order."""
    return [stem(word) for word in _WORD.findall(text.lower())]


@lru_cache(20_000)
def stem(word: str) -> str:
    """Without its ending, if three letters are left; a doubled last letter once, a last e or y left out."""
    if len(word) <= _SHORTEST or not word.isascii() or word.endswith("ss"):
        return word
    found = re.sub(r"ies$", "y", word)
    cut = _ENDINGS.sub("", found)
    found = cut if len(cut) >= _SHORTEST and re.search("[aeiouy]", cut) else found
    if len(found) > _SHORTEST and found[-1] == found[-2] and found[-1] not in "lsz":
        found = found[:-1]
    return found[:-1] if len(found) > _SHORTEST and found[-1] in "eiy" else found
