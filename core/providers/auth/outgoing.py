"""Where a request goes and what proves who sends it: the URL and the headers of the credential.

The host is the operator's or the catalogue's alone; of what a program sent only the model's name may
become part of a path, and there it is quoted. Bedrock's requests are signed by botocore.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from core.providers import catalogue
from core.providers.auth import aws
from core.providers.wire import Endpoint

ANTHROPIC_VERSION = "2023-06-01"
_SENDABLE = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`headers` hold the credential: they go onto the wire and nowhere else."""

    url: str
    headers: dict[str, str]

    def __repr__(self) -> str:
        return "Outgoing(…)"


def is_sendable(provider_slug: str, secret: str) -> bool:
    """Whether a header can carry it: a line break in a key would end up in an error with the key."""
    if catalogue.provider(provider_slug).auth == "sigv4":
        return aws.is_credential(secret)
    return _SENDABLE.fullmatch(secret) is not None


def prepared(
    endpoint: Endpoint, route: str, model: str, secret: str, body: bytes, *, stream: bool
) -> Outgoing:
    """The address and the headers of a POST in that format. With an empty secret, no credential."""
    provider = catalogue.provider(endpoint.provider_slug)
    path = provider.paths[f"{route}_stream" if route == "converse" and stream else route]
    headers = {"content-type": "application/json"}
    if route in ("messages", "count_tokens"):
        headers["anthropic-version"] = ANTHROPIC_VERSION
    if provider.auth == "sigv4":
        return _signed(endpoint.base_url, path, model, secret, body, headers)
    url = _joined(endpoint.base_url, path)
    return Outgoing(url, headers | credential(provider.auth, secret))


def listing(endpoint: Endpoint, secret: str) -> Outgoing | None:
    """The same for the GET of its models; None where it has no such list."""
    provider = catalogue.provider(endpoint.provider_slug)
    if "models" not in provider.paths:
        return None
    headers = {"anthropic-version": ANTHROPIC_VERSION} if "messages" in provider.paths else {}
    url = _joined(endpoint.base_url, provider.paths["models"])
    return Outgoing(url, headers | credential(provider.auth, secret))


def credential(auth: catalogue.Auth, secret: str) -> dict[str, str]:
    """The header that authenticates."""
    if not secret:
        return {}
    return {"authorization": f"Bearer {secret}"} if auth == "bearer" else {auth: secret}


def _joined(base_url: str, path: str) -> str:
    """After the base URL; a path that begins with two slashes is from the root of its host."""
    if path.startswith("//"):
        parts = urlsplit(base_url)
        return f"{parts.scheme}://{parts.netloc}{path[1:]}"
    return base_url.rstrip("/") + path


def _signed(
    base_url: str, path: str, model: str, secret: str, body: bytes, headers: dict[str, str]
) -> Outgoing:
    # Heavy, and for Bedrock only.
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    found = aws.parse(secret)
    base = base_url.replace("{region}", found.region)
    url = _joined(base, path.replace("{model}", quote(model, safe="")))
    if found.api_key:
        return Outgoing(url, headers | credential("bearer", found.api_key))
    request = AWSRequest("POST", url, headers=headers, data=body)
    keys = Credentials(found.access_key_id, found.secret_access_key, found.session_token or None)
    SigV4Auth(keys, "bedrock", found.region).add_auth(request)
    return Outgoing(url, {name.lower(): value for name, value in request.headers.items()})
