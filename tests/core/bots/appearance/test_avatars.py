"""The picture of a bot: told by its bytes, bounded, and gone when it is removed."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.accounts import audit
from core.accounts.actor import Actor
from core.bots import bots
from core.bots.appearance import avatars
from core.bots.appearance import changes as appearance_changes
from core.bots.appearance.appearance import Appearance, appearance_of
from core.db import session
from core.errors import Invalid, TooLarge
from tests.databases import on_both_databases
from tests.pictures import gif, jpeg, png, webp

RITA = Actor("Rita", "192.0.2.1", "psn_rita")


def of_kind(kind):
    return lambda width=2, height=2: webp(width, height, kind)


FORMATS = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/gif": gif,
    "image/webp": webp,
    "image/webp, lossless": of_kind(b"VP8L"),
    "image/webp, lossy": of_kind(b"VP8 "),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_told_by_its_bytes_and_its_size_by_its_head(name):
    make, media_type = FORMATS[name], name.partition(",")[0]
    assert avatars.checked(make(2048, 1)) == media_type
    assert avatars.checked(make(1, 2048)) == media_type
    for width, height in ((2049, 1), (1, 2049)):
        with pytest.raises(Invalid, match=f"this one is {width} × {height}"):
            avatars.checked(make(width, height))


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_that_breaks_off_in_its_head_is_none(name):
    whole = FORMATS[name]()
    for length in range(12):
        with pytest.raises(Invalid):
            avatars.checked(whole[:length])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"<html>",
        b"BM" + b"\x00" * 60,
        b"RIFF\x00\x00\x00\x00WAVE" + b"\x00" * 40,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 60,
        b"\xff\xd8\xff" + b"\xff" * 200,
        b"\xff\xd8\xff\xe0\x00\x00" * 20,
        png(0, 2),
    ],
)
def test_anything_else_is_refused_with_what_to_use(data):
    with pytest.raises(Invalid, match=r"Use PNG, JPEG, WebP or GIF|pixels"):
        avatars.checked(data)


STARTS = [make()[:length] for make in FORMATS.values() for length in (4, 8, 16, 30)]


@given(st.sampled_from(STARTS), st.binary(max_size=200), st.integers(1, 100))
def test_no_bytes_get_more_than_a_refusal_out_of_it(start, rest, times):
    with contextlib.suppress(Invalid):
        assert avatars.checked(start + rest * times) in {name.partition(",")[0] for name in FORMATS}


@pytest.mark.parametrize("rest", [b"\xff", b"\xff\xe0\x00\x02", b"\xff\xe1\x00\x00", b"\xff\x00"])
def test_the_longest_hostile_header_is_read_quickly(rest):
    data = b"\xff\xd8\xff" + rest * (avatars.MAX_BYTES // len(rest) - 3)
    started = time.process_time()
    with pytest.raises(Invalid):
        avatars.checked(data)
    assert time.process_time() - started < 1


def test_it_has_128_kilobytes_at_most():
    most = png() + b"\x00" * (avatars.MAX_BYTES - len(png()))
    assert avatars.checked(most) == "image/png"
    with pytest.raises(TooLarge, match="128 kB"):
        avatars.checked(most + b"\x00")


@on_both_databases
def test_a_picture_shows_from_when_it_is_there_until_it_is_removed(workspace, bot):
    avatars.store(bot, png(), RITA)
    first = avatars.digest_of(bot.id)
    avatars.store(bot, gif(), RITA)
    assert avatars.find(bot.id).content == gif()
    assert avatars.digest_of(bot.id) not in ("", first)
    assert appearance_of(stored(bot)).avatar == "picture"
    avatars.remove(bot, RITA)
    avatars.remove(bot, RITA)
    assert avatars.digest_of(bot.id) == ""
    assert appearance_of(stored(bot)).avatar == "monogram"
    actions = [line.action for line in audit.lines_of(workspace.id)]
    assert actions.count("bot.picture_set") == 2
    assert actions.count("bot.picture_removed") == 1


def test_removing_leaves_a_head_without_anything_as_it_is(workspace, bot):
    avatars.store(bot, png(), RITA)
    appearance_changes.save(
        workspace, stored(bot), Appearance.model_validate({"avatar": "none"}), RITA
    )
    avatars.remove(bot, RITA)
    assert appearance_of(stored(bot)).avatar == "none"


def test_what_is_refused_leaves_the_picture_that_was_there(bot):
    avatars.store(bot, png(), RITA)
    with pytest.raises(Invalid):
        avatars.store(bot, b"<svg/>", RITA)
    assert avatars.find(bot.id).content == png()


def stored(bot):
    session().commit()
    session().expire_all()
    return bots.get(bot.workspace_id, bot.id)
