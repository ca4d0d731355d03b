"""AWS's credentials: one JSON text, sealed as a whole; its region is the only part that names a host.

Read strictly: what a person pastes is checked field by field, and what was stored is checked again.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from core.errors import Invalid

REGION = re.compile(r"[a-z]{2}(-[a-z]{2,10}){1,3}-[0-9]{1,2}")
_ACCESS_KEY = re.compile(r"A[KS]IA[A-Z2-7]{16}")
_SECRET_KEY = re.compile(r"[A-Za-z0-9/+=]{40}")
_TOKEN = re.compile(r"[\x21-\x7e]{16,4000}")
_API_KEY = re.compile(r"(ABSK|bedrock-api-key-)[\x21-\x7e]{16,4000}")
_REQUIRED = ("accessKeyId", "secretAccessKey", "region")
_WITH_API_KEY = '{"apiKey": "ABSK…", "region": "us-east-1"}'
_EXAMPLE = '{"accessKeyId": "AKIA…", "secretAccessKey": "…", "region": "us-east-1"}'


@dataclass(frozen=True, slots=True, repr=False)
class AwsCredential:
    """What signs, or a Bedrock API key in its place. Never printed."""

    region: str
    access_key_id: str = ""
    secret_access_key: str = ""
    session_token: str = ""
    api_key: str = ""


def parse(text: str) -> AwsCredential:
    """The credential in a JSON text. Raises `Invalid` naming every field that is wrong, never its value."""
    if _API_KEY.fullmatch(text):
        raise Invalid(
            f"A Bedrock API key needs its region: paste {_WITH_API_KEY}. It wasn’t sent anywhere."
        )
    document = _document(text)
    fields = ("apiKey", "region") if "apiKey" in document else (*_REQUIRED, "sessionToken")
    required = ("apiKey", "region") if "apiKey" in document else _REQUIRED
    problems = [f"“{name}” is missing" for name in required if not document.get(name)]
    problems += [f"{_quoted(name)} doesn’t belong here" for name in document if name not in fields]
    problems += [
        problem for name in fields if document.get(name) and (problem := _problem(name, document))
    ]
    if not problems and _needs_session(document):
        problems = ["“sessionToken” is missing: an access key that begins with ASIA is temporary"]
    if problems:
        raise Invalid(
            f"{'; '.join(problems)}. Paste JSON such as {_EXAMPLE}. It wasn’t sent anywhere."
        )
    return AwsCredential(
        document["region"],
        document.get("accessKeyId", ""),
        document.get("secretAccessKey", ""),
        document.get("sessionToken", ""),
        document.get("apiKey", ""),
    )


def is_credential(text: str) -> bool:
    """Whether a request can be signed with it."""
    try:
        parse(text)
    except Invalid:
        return False
    return True


def tidy(text: str) -> str:
    """The same credential in one form, so that duplicates are recognized; other text unchanged."""
    try:
        document = _document(text)
    except Invalid:
        return text
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def secrets_in(text: str) -> list[str]:
    """The secret values of a credential: all but the region. Of other text, the text itself."""
    try:
        document = _document(text)
    except Invalid:
        return [text]
    return [
        value for name, value in document.items() if isinstance(value, str) and name != "region"
    ]


def mask(text: str) -> str:
    """`AKIA••••••••WXYZ · eu-central-1`: of the secret, nothing."""
    found = parse(text)
    shown = found.access_key_id or found.api_key
    return f"{shown[:4]}••••••••{shown[-4:]} · {found.region}"


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise Invalid(f"Paste AWS’s credentials as JSON, such as {_EXAMPLE}.")
    return {str(name): _trimmed(value) for name, value in document.items()}


def _quoted(name: str) -> str:
    """A field's name that is safe to show: some people paste a secret as a name."""
    return f"“{name}”" if re.fullmatch("[A-Za-z_]{1,24}", name) else "a field of another name"


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _problem(name: str, document: dict[str, Any]) -> str:
    shapes = {
        "accessKeyId": (_ACCESS_KEY, "has 20 characters and begins with AKIA or ASIA"),
        "secretAccessKey": (_SECRET_KEY, "has 40 characters"),
        "region": (REGION, "is a region such as us-east-1 or eu-central-1"),
        "sessionToken": (_TOKEN, "is one long string without spaces"),
        "apiKey": (_API_KEY, "begins with ABSK or bedrock-api-key-"),
    }
    shape, says = shapes[name]
    value = document[name]
    fits = isinstance(value, str) and shape.fullmatch(value)
    return "" if fits else f"“{name}” {says}"


def _needs_session(document: dict[str, Any]) -> bool:
    return str(document.get("accessKeyId", "")).startswith("ASIA") and not document.get(
        "sessionToken"
    )
