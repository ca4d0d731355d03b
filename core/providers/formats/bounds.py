"""How much of a provider's answer is read, the same on every path."""

MAX_EVENT_BYTES = 16 << 20
"""Of one event of a stream: the last of a `responses` stream repeats the whole answer."""
MAX_ANSWER_BYTES = 32 << 20
"""Of an answer in one piece."""
MAX_ERROR_BYTES = 64 << 10
"""Of the body that explains a refusal."""
