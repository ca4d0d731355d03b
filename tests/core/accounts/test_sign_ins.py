"""Where a person is signed in: listed in words, and ended one by one or all but one."""

from datetime import timedelta

import pytest

from core.accounts import browsers, sign_ins
from core.db import session, transaction
from tests.people import make_person

SECRET = "a secret of the tests"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("system", "browser", "words"),
    [
        ("(X11; Linux x86_64; rv:140.0)", "Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("(Windows NT 10.0; Win64; x64)", CHROME, "Chrome on Windows"),
        ("(Windows NT 10.0; Win64; x64)", f"{CHROME} Edg/140.0", "Edge on Windows"),
        ("(Windows NT 10.0; Win64; x64)", f"{CHROME} OPR/120.0", "Opera on Windows"),
        ("(Macintosh; Intel Mac OS X 10_15)", "Version/18.5 Safari/605.1.15", "Safari on a Mac"),
        (
            "(iPhone; CPU iPhone OS 18_5 like Mac OS X)",
            "CriOS/140 Safari/604.1",
            "Chrome on iPhone",
        ),
        ("(Linux; Android 15; Pixel 9)", CHROME, "Chrome on Android"),
        ("", "curl/8.5.0", "curl"),
        ("(Linux)", "Something", "A browser on Linux"),
        ("", "", "An unknown browser"),
        ("<script>", "Safari", "An unknown browser"),
    ],
)
def test_a_browser_in_words(system, browser, words):
    assert browsers.in_words(f"Mozilla/5.0 {system} {browser}") == words


def test_those_in_use_are_listed_the_last_used_first(app, shift_clock):
    ann, bob = make_person("ann"), make_person("bob")
    old = sign_ins.start(ann, SECRET, "old")
    shift_clock(timedelta(minutes=10))
    new, _ = sign_ins.start(ann, SECRET, "new"), sign_ins.start(bob, SECRET, "his")
    assert [row.user_agent for row in sign_ins.active_sign_ins(ann.id)] == ["new", "old"]
    shift_clock(timedelta(minutes=20))
    sign_ins.record_seen(sign_ins.find(old, SECRET))
    session().expire_all()
    assert [row.user_agent for row in sign_ins.active_sign_ins(ann.id)] == ["old", "new"]
    sign_ins.end(sign_ins.find(new, SECRET).id)
    assert [row.user_agent for row in sign_ins.active_sign_ins(ann.id)] == ["old"]
    shift_clock(sign_ins.MAX_AGE)
    assert sign_ins.active_sign_ins(ann.id) == []


def test_one_is_ended_by_its_own_person_only(app):
    ann, bob = make_person("ann"), make_person("bob")
    token = sign_ins.start(ann, SECRET)
    this = sign_ins.find(token, SECRET).id
    assert not sign_ins.end_one(bob.id, this)
    assert sign_ins.find(token, SECRET)
    assert sign_ins.end_one(ann.id, this)
    assert not sign_ins.end_one(ann.id, this)
    assert sign_ins.find(token, SECRET) is None


def test_all_but_one_are_ended_and_nobody_elses(app):
    ann, bob = make_person("ann"), make_person("bob")
    tokens = [sign_ins.start(ann, SECRET) for _ in range(3)]
    his = sign_ins.start(bob, SECRET)
    sign_ins.end_others(ann.id, keep=sign_ins.find(tokens[1], SECRET).id)
    assert [bool(sign_ins.find(token, SECRET)) for token in tokens] == [False, True, False]
    assert sign_ins.find(his, SECRET)
    with transaction() as current:
        sign_ins.end_all(current, ann.id)
    assert sign_ins.active_sign_ins(ann.id) == []


def test_when_somebody_was_last_seen(app, shift_clock):
    ann, bob = make_person("ann"), make_person("bob")
    sign_ins.start(ann, SECRET)
    shift_clock(timedelta(hours=1))
    sign_ins.start(ann, SECRET)
    seen = sign_ins.last_seen([ann.id, bob.id])
    assert set(seen) == {ann.id}
    assert seen[ann.id] == sign_ins.active_sign_ins(ann.id)[0].seen_at
    assert sign_ins.last_seen([]) == {}
