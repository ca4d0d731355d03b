"""Rate limits of the chat: per visitor, per IP address, per bot and per workspace.

Counted in Redis in fixed windows by one script: either every counter takes the message or none does.
While Redis is down, each process counts on its own, so that the chat keeps answering.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from core import clock
from core.bots.models import Bot, Conversation
from core.bots.quota.local_counters import LocalCounters
from core.errors import Invalid, TooMany
from core.log import logger
from core.queue import fast_fail_redis

MINUTE, HOUR, DAY = 60, 3_600, 86_400
MOST = 1_000_000
REDIS_RETRY_SECONDS = 10.0
"""How long Redis isn't tried after an error, so that not every message waits for it."""

TOO_FAST = "This chat is busy."

# KEYS: a marker or "", then the counters. ARGV: the marker's seconds, then most and seconds of each.
_TAKE = """
if KEYS[1] ~= "" and redis.call("EXISTS", KEYS[1]) == 1 then return {} end
local over = {}
for i = 2, #KEYS do
  local count = tonumber(redis.call("GET", KEYS[i]) or "0")
  if count >= tonumber(ARGV[2 * i - 2]) then over[#over + 1] = i - 2 end
end
if #over > 0 then return over end
for i = 2, #KEYS do
  if redis.call("INCR", KEYS[i]) == 1 then redis.call("EXPIRE", KEYS[i], ARGV[2 * i - 1]) end
end
if KEYS[1] ~= "" then redis.call("SET", KEYS[1], "1", "EX", ARGV[1]) end
return {}
"""

log = logger(__name__)

_local_counters = LocalCounters()
_redis_available_from = 0.0


@dataclass(frozen=True)
class Limit:
    """At most `most` in each window of so many seconds; 0 is no limit."""

    name: str
    most: int
    seconds: int

    def key(self, now: float) -> str:
        return f"limit:{self.name}:{self.seconds}:{int(now) // self.seconds}"

    def seconds_left(self, now: float) -> int:
        """Seconds until the next window begins."""
        return max(1, self.seconds - int(now) % self.seconds)


def count_message(conversation: Conversation, address: str, client_id: Any = None) -> None:
    """Counts a message or a retry before it is stored; raises `TooMany` over a limit.

    A message that is sent again under the same client id is counted once.
    """
    bot = conversation.bot
    has_client_id = isinstance(client_id, str) and 0 < len(client_id) <= 64
    once = f"limit:once:{conversation.id}:{client_id}" if has_client_id else ""
    _take(
        bot,
        (
            Limit(f"visitor:{conversation.id}", bot.visitor_limit, MINUTE),
            Limit(f"address:{bot.id}:{network_of(address)}", bot.address_limit, HOUR),
            Limit(f"bot:{bot.id}", bot.daily_limit, DAY),
            Limit(f"workspace:{bot.workspace_id}", bot.workspace.minute_limit, MINUTE),
        ),
        once,
    )


def count_conversation(bot: Bot, address: str) -> None:
    """Limits the new conversations of one IP address, to as many as it may send messages."""
    name = f"opened:{bot.id}:{network_of(address)}"
    _take(bot, (Limit(name, bot.address_limit, HOUR),))


def network_of(address: str) -> str:
    """An IPv4 address; of IPv6 the /64, which is what one household or server has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed), 64), strict=False))
    return str(parsed)


def checked(value: int | str, what: str, field: str) -> int:
    """A limit from a form; raises `Invalid` with what to enter instead."""
    text = str(value).strip().replace(",", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and int(text) <= MOST):
        sentence = f"Enter {what} as a whole number from 0 to {MOST:,}. 0 means no limit."
        raise Invalid(sentence, field=field)
    return int(text)


def _take(bot: Bot, limits: Sequence[Limit], once: str = "") -> None:
    now = clock.now().timestamp()
    counted = [limit for limit in limits if limit.most]
    over = [counted[index] for index in _over(counted, once, now)] if counted else []
    if over:
        wait = max(limit.seconds_left(now) for limit in over)
        raise TooMany(bot.limit_text or TOO_FAST, retry_after_seconds=wait)


def _over(limits: Sequence[Limit], once: str, now: float) -> list[int]:
    """The indexes of the limits that are reached; if none is, counts the message in all of them."""
    global _redis_available_from
    keys = [limit.key(now) for limit in limits]
    if clock.monotonic() >= _redis_available_from:
        numbers = [number for limit in limits for number in (limit.most, limit.seconds)]
        try:
            reached: Any = fast_fail_redis().eval(_TAKE, len(keys) + 1, once, *keys, DAY, *numbers)
        except RedisError as error:
            _redis_available_from = clock.monotonic() + REDIS_RETRY_SECONDS
            log.warning("limits_counted_here", error=type(error).__name__)
        else:
            return [int(index) for index in reached]
    return _local_counters.take(keys, [limit.most for limit in limits], once)
