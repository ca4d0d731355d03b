"""Reading JSON that nobody vouches for."""

import pytest

from core.providers.documents import (
    Malformed,
    at,
    count_at,
    parse_answer,
    parse_object,
    storable,
)


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"a": [{"b": 1}]}, ("a", 0, "b"), 1),
        ({"a": [1]}, ("a", 1), None),
        ({"a": [1]}, ("a", "0"), None),
        ({"a": 1}, ("a", "b", "c"), None),
        ("text", (0,), None),
        (None, (), None),
    ],
)
def test_a_path_that_is_not_there_is_nothing(document, path, found):
    assert at(document, *path) == found


@pytest.mark.parametrize(
    ("value", "count"),
    [(0, 0), (10**9, 10**9), (10**9 + 1, None), (-1, None), (True, None), (1.0, None)],
)
def test_a_count_is_a_whole_number_that_a_column_holds(value, count):
    assert count_at({"n": value}, "n") == count


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("ab\0c", "abc"),
        ("ü\0", "ü"),
        ("\ud83d\ude00", "😀"),
        ("\ud83d", "\ufffd"),
        ("x\udc00", "x\ufffd"),
    ],
)
def test_text_can_always_be_stored(text, stored):
    assert storable(text) == stored
    storable(text).encode()


def test_an_answer_is_an_object_or_the_only_one_in_an_array():
    assert parse_answer('{"a": 1}') == parse_answer(b'[{"a": 1}]') == {"a": 1}


@pytest.mark.parametrize("text", ["[]", "[1]", "[[{}]]", "[{}, {}]", "5", "null", "{", ""])
def test_anything_else_is_malformed(text):
    with pytest.raises(Malformed):
        parse_answer(text)


def test_an_object_is_never_in_an_array():
    with pytest.raises(Malformed):
        parse_object('[{"a": 1}]')
