"""The marker: a word inside every provider key of the tests, and the search for it afterwards.

Wherever the word turns up outside a request to a provider, a key has leaked.
"""

import zlib
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

MARKER = "MaRk3rK3yNeverSeen"


def anthropic_key(tail: str = "7xA2") -> str:
    """A key of Anthropic's shape; the tail is all that a mask may show."""
    return f"sk-ant-api03-{MARKER}{'a' * 60}{tail}"


def openai_key(tail: str = "Qm31") -> str:
    return f"sk-proj-{MARKER}{'b' * 60}{tail}"


def in_bytes(data: bytes) -> bool:
    return MARKER.encode() in data


def in_files(folder: Path) -> Iterator[Path]:
    """The files below a folder that hold the marker."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and in_bytes(path.read_bytes()):
            yield path


def in_redis(redis: "Redis") -> Iterator[str]:
    """The Redis keys that hold the marker, in their name or value, packed or not."""
    for name in redis.scan_iter(count=500):
        packed = redis.dump(name) or b""
        if in_bytes(name) or in_bytes(packed) or any(map(in_bytes, _unpacked(redis, name))):
            yield name.decode(errors="replace")


def _unpacked(redis: "Redis", name: bytes) -> Iterator[bytes]:
    """The values of a hash as RQ packs them, inflated."""
    if redis.type(name) != b"hash":
        return
    for value in redis.hgetall(name).values():
        try:
            yield zlib.decompress(value)
        except zlib.error:
            yield value
