"""What was counted of a month's messages and what wasn't, in words."""

from dataclasses import dataclass

from core.bots.answers.failure_messages import Reason
from core.bots.quota import report as quota_report
from core.bots.quota.report import Use

_COUNTED = {
    quota_report.ANSWERED: "Answered by a model",
    quota_report.CACHED: "Answered from the cache",
    quota_report.UNKNOWN: "Said it doesn’t know, without calling a model",
    quota_report.STOPPED: "Stopped by the visitor after it started",
    quota_report.RUNNING: "In progress",
}
_GONE = "From deleted conversations"

_NOT_COUNTED = {
    "No messages left": (Reason.out_of_messages,),
    "Plan doesn’t include the bot’s model or keys": (
        Reason.model_not_on_plan,
        Reason.plan_without_keys,
    ),
    "The bot’s model is no longer available": (Reason.model_gone,),
    "Provider key missing, disabled or broken": (
        *(
            Reason.no_key,
            Reason.key_disabled,
            Reason.key_rejected,
            Reason.key_no_permission,
            Reason.key_no_credit,
        ),
        *(Reason.key_unreadable, Reason.rejected, Reason.no_permission, Reason.no_credit),
    ),
    "Provider busy, down or slow": (
        *(
            Reason.rate_limited,
            Reason.window_exhausted,
            Reason.overloaded,
            Reason.unavailable,
            Reason.transient_auth,
        ),
        Reason.timed_out,
    ),
    "Provider sent an incomplete answer": (
        *(
            Reason.model_unavailable,
            Reason.bad_request,
            Reason.truncated,
            Reason.malformed,
            Reason.empty_answer,
        ),
    ),
    "Stopped by the visitor before it started": (Reason.stopped,),
    "Mevichat was stopped or had an error": (Reason.process_ended, Reason.internal),
}
_OTHER = "Other reasons"
_BY_REASON: dict[str, str] = {
    reason: words for words, reasons in _NOT_COUNTED.items() for reason in reasons
}


@dataclass(frozen=True)
class Line:
    words: str
    count: int


def counted(use: Use) -> list[Line]:
    """Lines that add up to the messages used."""
    lines = [Line(words, use.counted[kind]) for kind, words in _COUNTED.items()]
    return [line for line in (*lines, Line(_GONE, use.gone)) if line.count]


def not_counted(use: Use) -> list[Line]:
    """The most frequent first."""
    totals: dict[str, int] = {}
    for reason, count in use.not_counted.items():
        words = _BY_REASON.get(reason, _OTHER)
        totals[words] = totals.get(words, 0) + count
    return [Line(*pair) for pair in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))]
