"""Sortable public ids, random tokens with a checksum, and digests to store tokens by."""

import hmac
import secrets
import zlib

from core import clock

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TOKEN_LENGTH = 36
_CHECKSUM_LENGTH = 6


def new_id(prefix: str) -> str:
    """A public id such as `bot_1Dm3QxVbK0aZ9YtR2pLs`: ids sort by their creation time."""
    milliseconds = int(clock.now().timestamp() * 1000)
    return f"{prefix}_{_base62(milliseconds, 8)}{_random(12)}"


def new_token(prefix: str) -> str:
    """A secret such as `mvv_` + 36 random characters (214 bits) + a 6-character checksum."""
    body = _random(_TOKEN_LENGTH)
    return f"{prefix}_{body}{_checksum(prefix, body)}"


def is_token(text: str, prefix: str) -> bool:
    """Whether `text` may be one of our tokens. Needs no query, so junk is rejected cheaply."""
    head, _, rest = text.partition("_")
    body, checksum = rest[:_TOKEN_LENGTH], rest[_TOKEN_LENGTH:]
    if head != prefix or len(body) != _TOKEN_LENGTH or not body.isascii():
        return False
    return hmac.compare_digest(checksum.encode(), _checksum(prefix, body).encode())


def token_digest(token: str, secret_key: str) -> str:
    """What is stored instead of a token: 64 hex characters, useless without the secret key."""
    return hmac.digest(secret_key.encode(), token.encode(), "sha256").hex()


def _random(length: int) -> str:
    return _base62(secrets.randbelow(62**length), length)


def _checksum(prefix: str, body: str) -> str:
    return _base62(zlib.crc32(f"{prefix}_{body}".encode()), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, rest = divmod(number, 62)
        digits.append(_ALPHABET[rest])
    return "".join(reversed(digits))
