"""Every environment variable, read and checked once. Nothing else reads the environment.

A setting `NAME` may also come from a file named by `NAME_FILE` (for container secrets). A value that
cannot be used stops the start with a sentence that names the variable. `docs/settings.md` lists
them all, and a test holds the two together. This module knows no other part of the product: what takes
one to be checked, such as which providers there are, is in `core/configuration.py`.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import limits
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from core import settings_mail, settings_secrets
from core.errors import SettingsError


class Settings(BaseModel):
    """The operator's settings. Fields are the variables' names in lower case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: Literal["development", "production"] = "development"
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    public_url: str = ""
    data_dir: Path = Path("data")
    secret_key: SecretStr
    encryption_keys: tuple[SecretStr, ...]
    database_url: str = ""
    redis_url: SecretStr = SecretStr("")
    open_sign_up: bool = True
    sign_in_limit: str = "20 per minute"
    trusted_proxies: int = Field(0, ge=0, le=10)
    web_processes: int = Field(0, ge=0, le=64)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    private_webhooks: bool = False
    private_pages: str = "false"
    knowledge_memory_mb: int = Field(1024, ge=64)

    mini_base_url: str = ""
    mini_model: str = "mevichat-mini"
    mini_api_key: SecretStr = SecretStr("")
    mini_port: int = Field(8081, ge=1, le=65535)
    mini_gguf: str = ""
    provider_base_urls: dict[str, str] = {}
    platform_keys: dict[str, SecretStr] = {}

    client_stall_seconds: float = Field(60, gt=0)
    provider_connect_seconds: float = Field(5, gt=0)
    provider_first_byte_seconds: float = Field(60, gt=0)
    provider_stall_seconds: float = Field(30, gt=0)
    provider_total_seconds: float = Field(300, gt=0)

    @field_validator("public_url", "mini_base_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return checked_base_url(value) if value else value

    @field_validator("sign_in_limit")
    @classmethod
    def _a_limit(cls, value: str) -> str:
        try:
            limits.parse_many(value)
        except ValueError:
            raise ValueError("must be a limit such as “20 per minute”") from None
        return value

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            settings_mail.mail_server(value.get_secret_value())
        return value

    @field_validator("mail_from")
    @classmethod
    def _a_sender(cls, value: str) -> str:
        return settings_mail.checked_sender(value) if value else value

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @property
    def address(self) -> str:
        """The public URL of this deployment, without a trailing slash."""
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return self.public_url or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def database_address(self) -> str:
        """SQLAlchemy's URL: the operator's, or a SQLite file in DATA_DIR."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.absolute() / 'mevichat.db'}"
        scheme, _, rest = self.database_url.partition("://")
        return (
            f"postgresql+psycopg://{rest}" if scheme.startswith("postgres") else self.database_url
        )

    @property
    def redis_address(self) -> str:
        """The operator's Redis, or the embedded one's socket with its password."""
        return self.redis_url.get_secret_value() or settings_secrets.embedded_redis(self.data_dir)

    @property
    def mail_server(self) -> settings_mail.MailServer | None:
        """The server for outgoing email; without one, emails are printed."""
        url = self.smtp_url.get_secret_value()
        return settings_mail.mail_server(url) if url else None

    @property
    def mail_sender(self) -> str:
        return self.mail_from or settings_mail.default_sender(self.address)

    @property
    def mini_address(self) -> str:
        return self.mini_base_url or f"http://127.0.0.1:{self.mini_port}/v1"


def read(environ: Mapping[str, str] | None = None, provider_slugs: Iterable[str] = ()) -> Settings:
    """This process's settings, including those of the providers with these slugs.

    Raises `SettingsError`, which names the variable and says what it must be.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {
        name: text for name in _names() if (text := _text(environ, name.upper()))
    }
    slugs = tuple(provider_slugs)
    values["provider_base_urls"] = _provider_base_urls(environ, slugs)
    values["platform_keys"] = _platform_keys(environ, slugs)
    values.update(_secrets(values))
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explained(error)) from None


def checked_base_url(text: str) -> str:
    """An http(s) URL with a host and nothing but a path; raises ValueError otherwise."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError("must be an address such as https://example.com, without a query or login")
    return text.rstrip("/")


def variables(provider_slugs: Iterable[str]) -> list[str]:
    """The names of all variables, as the documentation lists them."""
    names = [name.upper() for name in _names()]
    return names + [
        name(slug)
        for slug in provider_slugs
        for name in (_base_url_variable, platform_key_variable)
    ]


_BY_PROVIDER = ("provider_base_urls", "platform_keys")


def _names() -> list[str]:
    return [name for name in Settings.model_fields if name not in _BY_PROVIDER]


def _text(environ: Mapping[str, str], name: str) -> str:
    """The value of NAME, or what the file named by NAME_FILE holds."""
    path = environ.get(f"{name}_FILE")
    if not path or environ.get(name):
        return environ.get(name, "").strip()
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(
            f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
        ) from None


def _base_url_variable(slug: str) -> str:
    return f"{slug.upper()}_BASE_URL"


def platform_key_variable(slug: str) -> str:
    return f"{slug.upper()}_PLATFORM_KEY"


def _platform_keys(environ: Mapping[str, str], slugs: Iterable[str]) -> dict[str, SecretStr]:
    """The operator's own provider keys."""
    texts = {slug: _text(environ, platform_key_variable(slug)) for slug in slugs}
    return {slug: SecretStr(text) for slug, text in texts.items() if text}


def _provider_base_urls(environ: Mapping[str, str], slugs: Iterable[str]) -> dict[str, str]:
    found = {}
    for slug in slugs:
        name = _base_url_variable(slug)
        if text := _text(environ, name):
            try:
                found[slug] = checked_base_url(text)
            except ValueError as error:
                raise SettingsError(f"{name} {error}.") from None
    return found


def _secrets(values: dict[str, Any]) -> dict[str, Any]:
    """SECRET_KEY and ENCRYPTION_KEYS: required in production, generated once in development."""
    production = values.get("environment") == "production"
    data_dir = Path(values.get("data_dir", "data"))
    ring = [part.strip() for part in values.get("encryption_keys", "").split(",") if part.strip()]
    secret_key = values.get("secret_key", "")
    if not production:
        secret_key = secret_key or settings_secrets.made_once(data_dir, "secret_key")
        ring = ring or [settings_secrets.made_once(data_dir, "encryption_key")]
    settings_secrets.check(secret_key, ring)
    return {"secret_key": secret_key, "encryption_keys": ring}


def _explained(error: ValidationError) -> str:
    """One line for each invalid variable, without its value, which may be a secret."""
    return " ".join(
        f"{str(problem['loc'][0]).upper()} cannot be used: {problem['msg']}."
        for problem in error.errors(include_input=False, include_url=False)
    )
