"""Why an answer failed: the sentence for the visitor, which names nothing, and the one for the owner."""

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

_ASK_OPERATOR = " Tell whoever runs this Mevichat if it happens often."


class Reason(StrEnum):
    """Why an answer failed, as rows store it, with the sentences for the owner.

    `of_mini` replaces `owner` where no key of the workspace has to do with it.
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
        "This month’s messages are used up. They start again with the next month, or with a larger plan.",
    )
    model_not_on_plan = (
        "model_not_on_plan",
        "{model} is not on this workspace’s plan. Switch the bot to Mevichat Mini, or upgrade.",
    )
    model_gone = (
        "model_gone",
        "The model {model} is no longer offered. Choose another one in the bot’s settings.",
    )
    plan_without_keys = (
        WhyUnusable.plan_without_keys,
        "This workspace’s plan has no provider keys, so {model} cannot answer.",
    )
    no_key = (
        WhyUnusable.no_key,
        "There is no {provider} key in this workspace. Add one under Provider keys.",
    )
    key_disabled = (
        WhyUnusable.key_disabled,
        "The {provider} key is switched off. Enable it under Provider keys.",
    )
    key_rejected = (
        WhyUnusable.key_rejected,
        "The {provider} key is invalid: {provider} rejected it. Paste a new one under Provider keys.",
    )
    key_no_permission = (
        WhyUnusable.key_no_permission,
        "The {provider} key may not use this: {provider} refused it. Check its permissions, then test it.",
    )
    key_no_credit = (
        WhyUnusable.key_no_credit,
        "The {provider} account behind the key has no credit left. Top it up at {provider}, then test the key.",
    )
    key_unreadable = (
        WhyUnusable.key_unreadable,
        "The stored {provider} key cannot be read any more. Enter it again under Provider keys.",
    )
    rejected = (
        FailureKind.rejected,
        "{provider} rejected the key during this answer. It was marked invalid; paste a new one.",
        "{provider} refused its own key." + _ASK_OPERATOR,
    )
    no_permission = (
        FailureKind.no_permission,
        "{provider} refused this request: the key lacks a permission, or its use was blocked.",
        "{provider} refused this request." + _ASK_OPERATOR,
    )
    no_credit = (
        FailureKind.no_credit,
        "{provider} refused this request: the account behind the key has no credit left.",
        "{provider} has no credit left." + _ASK_OPERATOR,
    )
    rate_limited = (
        FailureKind.rate_limited,
        "{provider} is limiting how fast this key may ask. The key stays valid; raise the limit there if this happens often.",
        "{provider} is asked more than it takes at once." + _ASK_OPERATOR,
    )
    window_exhausted = (
        FailureKind.window_exhausted,
        "{provider} says that this key’s allowance is used up for now. The key stays valid.",
        "{provider} is used up for now." + _ASK_OPERATOR,
    )
    overloaded = (
        FailureKind.overloaded,
        "{provider} was overloaded. The key stays valid.",
        "{provider} was overloaded." + _ASK_OPERATOR,
    )
    unavailable = (
        FailureKind.unavailable,
        "{provider} could not be reached or had an error of its own. The key stays valid.",
        "{provider} could not be reached or had an error of its own." + _ASK_OPERATOR,
    )
    transient_auth = (
        FailureKind.transient_auth,
        "{provider} refused the key for a moment, as it does under load. The key stays valid.",
        "{provider} refused this request for a moment." + _ASK_OPERATOR,
    )
    timed_out = (
        FailureKind.timed_out,
        "{provider} took too long to answer. The key stays valid.",
        "{provider} took too long to answer." + _ASK_OPERATOR,
    )
    model_unavailable = (
        FailureKind.model_unavailable,
        "{provider} does not offer {model} to this key. Choose another model for the bot.",
        "{provider} is not there at present." + _ASK_OPERATOR,
    )
    bad_request = (
        FailureKind.bad_request,
        "{provider} did not accept the request.",
    )
    truncated = (
        FailureKind.truncated,
        "{provider} broke the answer off before its end.",
    )
    malformed = (
        FailureKind.malformed,
        "{provider} sent something that is not an answer.",
    )
    empty_answer = (
        "empty_answer",
        "{model} ended without a word: it may have used up its tokens on thinking.",
    )
    process_ended = (
        "process_ended",
        "The server was stopped or restarted while it wrote this answer.",
    )
    stopped = (
        "stopped",
        "The visitor stopped this answer. It counts as a message if any of it had come by then.",
    )
    internal = (
        "internal",
        "Mevichat had an error of its own while it wrote this answer. The log has the details.",
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
    """The model's and the provider's name for people; their ids when the catalogue has moved on."""
    try:
        model = catalogue.model(model_id)
    except LookupError:
        return model_id, provider_slug or model_id.partition(":")[0]
    return model.name, catalogue.provider(model.provider).name
