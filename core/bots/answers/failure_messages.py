"""Why an answer failed: a sentence for the visitor, which gives no details, and one for the owner."""

from enum import StrEnum
from typing import Self

from core.keys.states import WhyUnusable
from core.providers import catalogue, endpoints
from core.providers.failures import FailureKind

FAILURE_SENTENCE = "I'm having trouble reaching the AI right now, please try again."
OUT_OF_MESSAGES_SENTENCE = (
    "I can’t answer right now. Your message has been kept; please try again later."
)
STOPPED_SENTENCE = "You stopped this answer."

_ASK_OPERATOR = " If this keeps happening, tell your administrator."


class Reason(StrEnum):
    """Why an answer failed, as rows store it, with the sentences for the owner.

    `of_mini` replaces `owner` for Mevichat Mini, which uses no key of the workspace.
    """

    owner: str
    of_mini: str

    def __new__(cls, value: str, owner: str, of_mini: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = str(value)
        member.owner, member.of_mini = owner, of_mini or owner
        return member

    out_of_messages = (
        "out_of_messages",
        "This month’s messages are used up. Upgrade the plan or wait for next month.",
    )
    model_not_on_plan = (
        "model_not_on_plan",
        "{model} isn’t included in this workspace’s plan. Switch the bot to Mevichat Mini or upgrade.",
    )
    model_gone = (
        "model_gone",
        "The model {model} is no longer available. Choose another one in the bot’s settings.",
    )
    plan_without_keys = (
        WhyUnusable.plan_without_keys,
        "This workspace’s plan doesn’t include provider keys, so {model} can’t answer.",
    )
    no_key = (
        WhyUnusable.no_key,
        "This workspace has no {provider} key. Add one under Provider keys.",
    )
    key_disabled = (
        WhyUnusable.key_disabled,
        "The {provider} key is disabled. Enable it under Provider keys.",
    )
    key_rejected = (
        WhyUnusable.key_rejected,
        "The {provider} key is invalid: {provider} rejected it. Paste a new one under Provider keys.",
    )
    key_no_permission = (
        WhyUnusable.key_no_permission,
        "{provider} says this key lacks a permission. Check its permissions, then test it.",
    )
    key_no_credit = (
        WhyUnusable.key_no_credit,
        "The key’s {provider} account has no credit left. Add credit at {provider}, then test the key.",
    )
    key_unreadable = (
        WhyUnusable.key_unreadable,
        "The stored {provider} key can’t be decrypted. Enter it again under Provider keys.",
    )
    rejected = (
        FailureKind.rejected,
        "{provider} rejected the key during this answer. It was marked invalid; paste a new one.",
        "{provider} rejected its own key." + _ASK_OPERATOR,
    )
    no_permission = (
        FailureKind.no_permission,
        "{provider} refused this request: the key lacks a permission, or it was blocked.",
        "{provider} refused this request." + _ASK_OPERATOR,
    )
    no_credit = (
        FailureKind.no_credit,
        "{provider} refused this request: the key’s account has no credit left.",
        "{provider} has no credit left." + _ASK_OPERATOR,
    )
    rate_limited = (
        FailureKind.rate_limited,
        "{provider} is rate-limiting this key. The key stays valid; if this keeps happening, raise the limit at {provider}.",
        "{provider} is getting too many requests right now." + _ASK_OPERATOR,
    )
    window_exhausted = (
        FailureKind.window_exhausted,
        "{provider} says this key’s allowance is used up for now. The key stays valid.",
        "{provider}’s allowance is used up for now." + _ASK_OPERATOR,
    )
    overloaded = (
        FailureKind.overloaded,
        "{provider} was overloaded. The key stays valid.",
        "{provider} was overloaded." + _ASK_OPERATOR,
    )
    unavailable = (
        FailureKind.unavailable,
        "{provider} couldn’t be reached or had an internal error. The key stays valid.",
        "{provider} couldn’t be reached or had an internal error." + _ASK_OPERATOR,
    )
    transient_auth = (
        FailureKind.transient_auth,
        "{provider} briefly refused the key, as it does under load. The key stays valid.",
        "{provider} briefly refused this request." + _ASK_OPERATOR,
    )
    timed_out = (
        FailureKind.timed_out,
        "{provider} took too long to answer. The key stays valid.",
        "{provider} took too long to answer." + _ASK_OPERATOR,
    )
    model_unavailable = (
        FailureKind.model_unavailable,
        "{provider} doesn’t offer {model} to this key. Choose another model for the bot.",
        "{provider} isn’t available right now." + _ASK_OPERATOR,
    )
    bad_request = (
        FailureKind.bad_request,
        "{provider} didn’t accept the request.",
    )
    truncated = (
        FailureKind.truncated,
        "{provider} sent an incomplete answer.",
    )
    malformed = (
        FailureKind.malformed,
        "{provider} sent a response that couldn’t be read.",
    )
    empty_answer = (
        "empty_answer",
        "{model} sent an empty answer. It may have used all its tokens on thinking.",
    )
    process_ended = (
        "process_ended",
        "The server stopped or restarted before this answer was finished.",
    )
    stopped = (
        "stopped",
        "The visitor stopped this answer. It counts as a message if any of it had arrived.",
    )
    internal = (
        "internal",
        "Something went wrong in Mevichat while it wrote this answer. The log has the details.",
    )


_BY_VALUE = {str(reason): reason for reason in Reason}


def for_owner(reason: str, model_id: str, provider_slug: str = "") -> str:
    """What happened and what to do, in one or two sentences; "" for no reason."""
    if not reason:
        return ""
    model_name, provider_name = names(model_id, provider_slug)
    mini = (provider_slug or model_id.partition(":")[0]) == endpoints.MINI
    known = _BY_VALUE.get(reason, Reason.internal)
    sentence = known.of_mini if mini else known.owner
    return sentence.format(model=model_name, provider=provider_name)


def for_visitor(reason: str) -> tuple[str, str]:
    """A neutral code and sentence: never a provider, plan, key or money word."""
    if reason == Reason.out_of_messages:
        return "unavailable", OUT_OF_MESSAGES_SENTENCE
    if reason == Reason.stopped:
        return "stopped", STOPPED_SENTENCE
    return "answer_failed", FAILURE_SENTENCE


def names(model_id: str, provider_slug: str = "") -> tuple[str, str]:
    """The model's and the provider's name for people; their ids if the catalogue no longer has them."""
    try:
        model = catalogue.model(model_id)
    except LookupError:
        return model_id, provider_slug or model_id.partition(":")[0]
    return model.name, catalogue.provider(model.provider).name
