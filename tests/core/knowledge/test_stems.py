"""Words by their stems, the same from every thread."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from core.knowledge.stems import stem, words_of

ALIKE = [
    "return returns returned returning",
    "deliver delivers delivered delivering delivery deliveries",
    "ship ships shipped shipping",
    "refund refunds refunded",
]


@pytest.mark.parametrize("words", ALIKE)
def test_forms_of_one_word_have_one_stem(words):
    assert len(set(words_of(words))) <= 2
    assert stem(words.split()[0]) in set(words_of(words.title()))


def test_different_words_keep_different_stems():
    assert len(set(words_of("return refund ship deliver order price"))) == 6


@pytest.mark.parametrize("word", ["größe", "配送", "доставка", "iso9001", "42", "x", ""])
def test_what_is_no_english_word_stays_as_it_is(word):
    assert stem(word) == word


def test_threads_do_not_mix_their_words():
    words = [f"{start}{number}{ending}" for start in ("play", "walk", "jump", "cook") for number in "abcdefgh"
             for ending in ("ing", "ed", "er", "ation", "fulness")]  # fmt: skip
    alone = [stem.__wrapped__(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        for stems in pool.map(lambda _: [stem.__wrapped__(word) for word in words], range(24)):
            assert stems == alone
