"""How a provider's seal on its thinking travels in a reasoning item, and comes back.

`encrypted_content` is what programs return as it was. Ours has a prefix: what OpenAI itself has
encrypted means nothing to another provider.
"""

_PREFIX = "mvt1."


def sealed(signature: str) -> str | None:
    return f"{_PREFIX}{signature}" if signature else None


def signature_in(encrypted: str) -> str:
    return encrypted.removeprefix(_PREFIX) if encrypted.startswith(_PREFIX) else ""


def is_foreign(encrypted: str) -> bool:
    return bool(encrypted) and not encrypted.startswith(_PREFIX)
