"""The search for the marker finds it wherever it could be: a search that cannot find proves nothing."""

import json
import zlib

import pytest

from core import queue
from tests import marker
from tests.browser import Browser

PLANTED = "a-word-of-its-own"  # the real one would stay in Redis' files and be found at the end


@pytest.fixture
def redis(app):
    yield queue.redis_connection()
    queue.redis_connection().flushdb()


def test_it_is_found_in_a_file(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_text(f"key={marker.anthropic_key()}\n")
    (tmp_path / "clean").write_text("nothing")
    assert [path.name for path in marker.in_files(tmp_path)] == ["log"]


@pytest.mark.parametrize(
    "plant",
    [
        lambda redis: redis.set("a", PLANTED),
        lambda redis: redis.set(f"named:{PLANTED}", "1"),
        lambda redis: redis.hset("a", "data", zlib.compress(json.dumps([PLANTED] * 9).encode())),
        lambda redis: redis.xadd("a", {"t": PLANTED * 9}),
        lambda redis: redis.rpush("a", PLANTED * 9),
        lambda redis: redis.sadd("a", PLANTED),
        lambda redis: redis.zadd("a", {PLANTED: 1}),
    ],
)
def test_it_is_found_in_redis(redis, plant):
    assert not list(marker.in_redis(redis, PLANTED))
    plant(redis)
    assert list(marker.in_redis(redis, PLANTED))


@pytest.mark.own_app
def test_a_page_that_shows_it_fails(app):
    app.add_url_rule("/leak", view_func=_leak)
    with pytest.raises(AssertionError, match="the marker key is in /leak"):
        Browser(app).get("/leak")


def _leak() -> str:
    return marker.anthropic_key()


_leak.guard = "public"
