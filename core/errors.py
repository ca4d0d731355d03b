"""The hierarchy of errors, by cause. Each message tells a person what happened and what to do next.

`web/errors.py` maps each error to an HTTP status. Errors are constructed from their message alone, so
that they survive pickling between worker processes.
"""


class MevichatError(Exception):
    """The base of all. `code` is stable and for programs; the message is for people."""

    code = "error"
    sentence = "Something went wrong on our end."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.sentence)

    @property
    def message(self) -> str:
        return str(self.args[0])


class SettingsError(MevichatError):
    """An environment variable has an unusable value; the message names the variable."""

    code = "bad_settings"


class NotFound(MevichatError):
    """It doesn't exist, or this person may not see it."""

    code = "not_found"
    sentence = "There’s nothing at this address."


class NotAllowed(MevichatError):
    """The person may see it, but their role doesn't allow this action."""

    code = "not_allowed"
    sentence = "Your role in this workspace doesn’t allow that. Ask an owner."


class NotSignedIn(MevichatError):
    code = "not_signed_in"
    sentence = "Please sign in to continue."


class PlanDoesNotAllow(MevichatError):
    """The workspace's plan doesn't include this."""

    code = "plan_does_not_allow"


class Invalid(MevichatError):
    """Invalid input; the message says what to enter instead. `field` names the form field."""

    code = "invalid"

    def __init__(self, message: str | None = None, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooLarge(MevichatError):
    code = "too_large"


class TooMany(MevichatError):
    """A rate limit was reached; nothing was stored. Retry after `retry_after_seconds`."""

    code = "too_many_messages"
    sentence = "Too many messages. Wait a moment, then send it again."

    def __init__(self, message: str | None = None, retry_after_seconds: int = 60) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Conflict(MevichatError):
    """Someone else changed it between the read and the write."""

    code = "conflict"


class OriginNotAllowed(MevichatError):
    code = "origin_not_allowed"
    sentence = "This site isn’t one of the bot’s allowed sites."


class BotOff(MevichatError):
    code = "bot_off"
    sentence = "This chat is currently disabled."


class BadToken(MevichatError):
    """A visitor's or program's token is missing, unknown or expired."""

    code = "bad_token"
    sentence = "The token is missing, unknown or expired. Start a new conversation to get one."


class Unreadable(MevichatError):
    """No ring key opens the stored secret: it has to be entered again."""

    code = "unreadable"
    sentence = "This key can’t be decrypted with the current encryption keys. Enter it again."


class Busy(MevichatError):
    """The database stayed locked, or Redis is down. Safe to retry: nothing was written."""

    code = "busy"
    sentence = "The service is busy. Nothing was changed. Try again in a few seconds."
