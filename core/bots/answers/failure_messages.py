"""Why an answer failed: the sentence for the visitor, which names nothing, and the one for the owner."""

from core.providers import catalogue, endpoints

FAILURE_SENTENCE = "I'm having trouble reaching the AI right now, please try again."
OUT_OF_MESSAGES_SENTENCE = (
    "I can't answer right now. Your message has been kept; please try again later."
)

STOPPED = "stopped"
STOPPED_SENTENCE = "You stopped this answer."

_OWNER = {
    "out_of_messages": "This month’s messages are used up. They start again with the next month, or with a larger plan.",
    "model_not_on_plan": "{model} is not on this workspace’s plan. Switch the bot to Mevichat Mini, or upgrade.",
    "model_gone": "The model {model} is no longer offered. Choose another one in the bot’s settings.",
    "plan_without_keys": "This workspace’s plan has no provider keys, so {model} cannot answer.",
    "no_key": "There is no {provider} key in this workspace. Add one under Provider keys.",
    "key_disabled": "The {provider} key is switched off. Enable it under Provider keys.",
    "key_rejected": "The {provider} key is invalid: {provider} rejected it. Paste a new one under Provider keys.",
    "key_no_permission": "The {provider} key may not use this: {provider} refused it. Check its permissions, then test it.",
    "key_no_credit": "The {provider} account behind the key has no credit left. Top it up at {provider}, then test the key.",
    "key_unreadable": "The stored {provider} key cannot be read any more. Enter it again under Provider keys.",
    "rejected": "{provider} rejected the key during this answer. It was marked invalid; paste a new one.",
    "no_permission": "{provider} refused this request: the key lacks a permission, or its use was blocked.",
    "no_credit": "{provider} refused this request: the account behind the key has no credit left.",
    "rate_limited": "{provider} is limiting how fast this key may ask. The key stays valid; raise the limit there if this happens often.",
    "window_exhausted": "{provider} says that this key’s allowance is used up for now. The key stays valid.",
    "overloaded": "{provider} was overloaded. The key stays valid.",
    "unavailable": "{provider} could not be reached or had an error of its own. The key stays valid.",
    "transient_auth": "{provider} refused the key for a moment, as it does under load. The key stays valid.",
    "timed_out": "{provider} took too long to answer. The key stays valid.",
    "model_unavailable": "{provider} does not offer {model} to this key. Choose another model for the bot.",
    "bad_request": "{provider} did not accept the request.",
    "truncated": "{provider} broke the answer off before its end.",
    "malformed": "{provider} sent something that is not an answer.",
    "empty_answer": "{model} ended without a word: it may have used up its tokens on thinking.",
    "process_ended": "The server was stopped or restarted while it wrote this answer.",
    "stopped": "The visitor stopped this answer. It counts as a message if any of it had come by then.",
    "internal": "Mevichat had an error of its own while it wrote this answer. The log has the details.",
}
_OPERATORS = " Tell whoever runs this Mevichat if it happens often."
_OF_MINI = {
    "rejected": "{provider} refused its own key." + _OPERATORS,
    "no_permission": "{provider} refused this request." + _OPERATORS,
    "no_credit": "{provider} has no credit left." + _OPERATORS,
    "rate_limited": "{provider} is asked more than it takes at once." + _OPERATORS,
    "window_exhausted": "{provider} is used up for now." + _OPERATORS,
    "overloaded": "{provider} was overloaded." + _OPERATORS,
    "unavailable": "{provider} could not be reached or had an error of its own." + _OPERATORS,
    "transient_auth": "{provider} refused this request for a moment." + _OPERATORS,
    "timed_out": "{provider} took too long to answer." + _OPERATORS,
    "model_unavailable": "{provider} is not there at present." + _OPERATORS,
}
"""Where no key of the workspace has to do with it."""


def for_owner(reason: str, model_id: str, provider_slug: str = "") -> str:
    """What happened and what to do, in one or two sentences; "" for no reason."""
    if not reason:
        return ""
    model_name, provider_name = names(model_id, provider_slug)
    mini = (provider_slug or model_id.partition(":")[0]) == endpoints.MINI
    sentences = _OWNER | _OF_MINI if mini else _OWNER
    sentence = sentences.get(reason, _OWNER["internal"])
    return sentence.format(model=model_name, provider=provider_name)


def for_visitor(reason: str) -> tuple[str, str]:
    """A neutral code and sentence: never a provider, plan, key or money word."""
    if reason == "out_of_messages":
        return "unavailable", OUT_OF_MESSAGES_SENTENCE
    if reason == STOPPED:
        return STOPPED, STOPPED_SENTENCE
    return "answer_failed", FAILURE_SENTENCE


def names(model_id: str, provider_slug: str = "") -> tuple[str, str]:
    """The model's and the provider's name for people; their ids when the catalogue has moved on."""
    try:
        model = catalogue.model(model_id)
    except LookupError:
        return model_id, provider_slug or model_id.partition(":")[0]
    return model.name, catalogue.provider(model.provider).name
