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


def bedrock_key(tail: str = "WXYZ") -> str:
    """AWS's JSON; of the secret in it nothing may show anywhere."""
    secret = f"{MARKER}{'c' * 22}"
    return f'{{"accessKeyId":"AKIAQQQQQQQQQQQQ{tail}","region":"us-east-1","secretAccessKey":"{secret}"}}'


def in_bytes(data: bytes, word: str = MARKER) -> bool:
    return word.encode() in data


def in_files(folder: Path, word: str = MARKER) -> Iterator[Path]:
    """The files below a folder that hold the word."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and in_bytes(path.read_bytes(), word):
            yield path


def in_redis(redis: "Redis", word: str = MARKER) -> Iterator[str]:
    """The Redis keys that hold the word, in their name or in any of their values."""
    for name in redis.scan_iter(count=500):
        if in_bytes(name, word) or any(in_bytes(value, word) for value in _values(redis, name)):
            yield name.decode(errors="replace")


def _values(redis: "Redis", name: bytes) -> Iterator[bytes]:
    """Everything a key holds, as it is and, where RQ packed it, inflated."""
    kind = redis.type(name).decode()
    read = {
        "string": lambda: redis.get(name),
        "hash": lambda: redis.hgetall(name),
        "list": lambda: redis.lrange(name, 0, -1),
        "set": lambda: redis.smembers(name),
        "zset": lambda: redis.zrange(name, 0, -1),
        "stream": lambda: redis.xrange(name),
        "none": lambda: None,  # it expired since the scan named it
    }
    for value in _flat(read[kind]()):
        yield value
        try:
            yield zlib.decompress(value)
        except zlib.error:
            continue


def _flat(value: object) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        yield from _flat([*value.keys(), *value.values()])
    elif isinstance(value, (list, tuple, set)):
        for part in value:
            yield from _flat(part)
