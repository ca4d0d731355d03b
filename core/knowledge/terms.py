"""A question as terms to look for: without stop words, each once, at most 24.

Scripts that put no spaces between words (Chinese, Japanese, Thai, …) make no terms: the databases'
indexes know no words of theirs. A question in one of them is looked for by pairs of characters.
"""

import re

MOST_TERMS = 24

_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003134f]+"
)
_STOP_WORDS = """
    a about above after again against all also am an and any are aren as at be because been before
    being below between both but by can cannot could couldn d did didn do does doesn doing don down
    during each etc few for from further get gets getting give got had hadn has hasn have haven having
    he her here hers herself hi hello him himself his how however i if in into is isn it its itself
    just let like ll m make many may me might mine more most much must my myself need no nor not now
    of off on once one only or other others our ours ourselves out over own please possible re s same
    shall she should shouldn so some someone something such t tell than thank thanks that the their
    theirs them themselves then there these they this those through to too under until up us use used
    using ve very want was wasn way we well were weren what when where whether which while who whom
    whose why will with within without won would wouldn you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())


def terms_of(question: str) -> list[str]:
    """The words to look for, in lower case and in their order; stop words only if there are no others."""
    words = list(dict.fromkeys(_WORD.findall(_UNSPACED.sub(" ", question.lower()))))
    return ([word for word in words if word not in STOP_WORDS] or words)[:MOST_TERMS]


def pairs_of(question: str) -> list[str]:
    """Each two neighbouring characters of what is written without spaces; one alone stands for itself."""
    runs = _UNSPACED.findall(question)
    pairs = [run[at : at + 2] for run in runs for at in range(max(1, len(run) - 1))]
    return list(dict.fromkeys(pairs))[:MOST_TERMS]
