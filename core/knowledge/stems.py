"""Words by their stems, so that “returns” is found by “returned”: Snowball's stemmer for English.

The databases stem by themselves to find candidates; this only has to agree with itself, to order them.
It leaves most words of other languages as they are.
"""

import re
from functools import lru_cache

import Stemmer

_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The stem of each word, in order."""
    return [stem(word) for word in _WORD.findall(text.lower())]


@lru_cache(20_000)
def stem(word: str) -> str:
    """The stem of a word in lower case."""
    # A new one for each word: it keeps the word in itself, and threads share this function.
    found: str = Stemmer.Stemmer("english", 0).stemWord(word)
    return found
