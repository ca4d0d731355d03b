"""One tree of errors, by cause. Each says to a person what happened and what to do next.

The HTTP status of each is chosen in `web/errors.py`. All survive pickling, since they cross
worker processes: an error is made from its sentence alone.
"""


class MevichatError(Exception):
    """The root. `code` is stable and for programs, the message is for people."""

    code = "error"
    sentence = "That did not work."

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.sentence)

    @property
    def message(self) -> str:
        return str(self.args[0])


class SettingsError(MevichatError):
    """The operator's environment cannot be used; names the variable."""

    code = "bad_settings"


class NotFound(MevichatError):
    """There is no such thing, or it is not this person's to see."""

    code = "not_found"
    sentence = "There is nothing at this address."


class NotAllowed(MevichatError):
    """The person is known, the thing is theirs to see, but their role may not do this."""

    code = "not_allowed"
    sentence = "Your role in this workspace does not allow that. Ask an owner."


class NotSignedIn(MevichatError):
    code = "not_signed_in"
    sentence = "Sign in to go on."


class PlanDoesNotAllow(MevichatError):
    """The workspace's plan does not include this."""

    code = "plan_does_not_allow"


class Invalid(MevichatError):
    """What was sent cannot be used; the sentence says what to send instead. `field` is what it is about."""

    code = "invalid"

    def __init__(self, message: str | None = None, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class TooLarge(MevichatError):
    code = "too_large"


class TooMany(MevichatError):
    """More than a limit lets through; nothing was kept. `retry_after_seconds` says when there is room."""

    code = "too_many_messages"
    sentence = "There are too many messages just now. Wait a little, then send it again."

    def __init__(self, message: str | None = None, retry_after_seconds: int = 60) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Conflict(MevichatError):
    """True when it was read, no longer true when it was to be changed."""

    code = "conflict"


class OriginNotAllowed(MevichatError):
    code = "origin_not_allowed"
    sentence = "This site is not on the list of origins that may use this bot."


class BotOff(MevichatError):
    code = "bot_off"
    sentence = "This chat is switched off at the moment."


class BadToken(MevichatError):
    """A visitor's or program's token is missing, unknown or over."""

    code = "bad_token"
    sentence = "The token is missing, unknown or has expired. Open a new conversation to get one."


class Unreadable(MevichatError):
    """A stored secret that no ring key opens: it has to be entered again."""

    code = "unreadable"
    sentence = "This key can no longer be read with the encryption keys in use. Enter it again."


class Busy(MevichatError):
    """The database stayed locked, or Redis is away. Safe to try again: nothing was written."""

    code = "busy"
    sentence = "The service is busy. Nothing was changed; try again in a few seconds."
