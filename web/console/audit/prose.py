"""Turns each line of the audit log into a sentence.

A sentence begins with the person's name, so the table holds the rest. An unknown action is shown as
it was recorded.
"""

from collections.abc import Callable, Mapping
from typing import Any

from core import plans
from core.accounts.audit import AuditLine
from core.accounts.roles import ROLE_NAMES, Role
from core.bots.answers import failure_messages
from core.bots.appearance import appearance
from core.providers import catalogue
from web.page_context import grouped, listed

Facts = dict[str, Any]

MOST_NAMED = 4

SENTENCES = {
    "workspace.created": "created this workspace on the {plan} plan",
    "workspace.minute_limit_set": "set the limit for all bots to {now} messages per minute",
    "workspace.renamed": "renamed the workspace from {was} to {now}",
    "workspace.retention_changed": "changed how long conversations are kept, from {was} to {now}",
    "plan.changed": "changed the plan from {was} to {now}",
    "bot.created": "created the bot {name} with {model}",
    "bot.changed": "changed the bot {name}: {changes}",
    "bot.enabled": "enabled the bot {name}",
    "bot.disabled": "disabled the bot {name}",
    "bot.look_changed": "changed the appearance of {name}: {changes}",
    "bot.picture_set": "changed {name}’s avatar",
    "bot.picture_removed": "removed {name}’s avatar",
    "bot.origin_allowed": "allowed {origin} to embed {name}",
    "bot.origin_removed": "removed {origin} from {name}’s allowed sites",
    "bot.origin_refused": "dismissed {origin}, where {name} was seen",
    "bot.deleted": "deleted the bot {name} with its conversations",
    "source.added": "added the {kind} “{title}” to {bot}’s knowledge",
    "source.read_again": "re-read the {kind} “{title}”",
    "source.removed": "deleted the {kind} “{title}” from {bot}’s knowledge",
    "conversation.deleted": "deleted {conversations}",
    "conversation.exported": "exported {conversations}",
    "conversation.expired": "deleted {conversations} after the retention period of {period}",
    "key.added": "added the {provider} key {now}",
    "key.replaced": "replaced the {provider} key, was {was}, now {now}",
    "key.enabled": "enabled the {provider} key",
    "key.disabled": "disabled the {provider} key",
    "key.tested": "tested the {provider} key{result}",
    "key.deleted": "deleted the {provider} key {mask}",
    "key.invalidated": "marked the {provider} key invalid: {reason}",
    "key.recovered": "marked the {provider} key valid again",
    "key.subscription_set": "marked the {provider} key as part of a subscription: {subscription}",
    "person.invited": "invited {subject} as {role}",
    "person.invitation_withdrawn": "canceled the invitation of {subject}",
    "person.joined": "joined as {role}{invited}",
    "person.role_changed": "changed the role of {subject} from {was} to {now}",
    "person.removed": "removed {subject} from the workspace",
    "person.left": "left the workspace",
    "token.created": "created the gateway token “{subject}” ({token}), expires {expires}",
    "token.revoked": "revoked the gateway token “{subject}” ({token}) of {of}",
    "token.replaced": "replaced the gateway token “{subject}” ({was}) by {now}",
    "routing.changed": "changed the order in which keys are tried, now {now}",
    "balance.added": "added {usd} US dollars to the balance",
    "alert.webhook_set": "set the webhook to an address at {host}",
    "alert.webhook_secret_replaced": "created a new signing secret for the webhook",
    "alert.webhook_enabled": "enabled the webhook",
    "alert.webhook_disabled": "disabled the webhook{why}",
    "alert.webhook_removed": "removed the webhook",
}
"""By action: what follows the person's name. Missing facts are left out."""

_REASONS = {
    "rejected": "{provider} rejected it",
    "no_credit": "{provider} says its account has no credit left",
    "no_permission": "{provider} says it lacks a permission",
    "unreadable": "it can’t be decrypted with the current encryption keys",
}
_FIELDS = {
    "name": "name",
    "instructions": "instructions",
    "welcome": "welcome",
    "starters": "starter questions",
    "allowed_origins": "allowed sites",
    "caches": "cache",
    "visitor_limit": "messages per visitor per minute",
    "address_limit": "messages per IP address per hour",
    "daily_limit": "messages per day",
    "limit_text": "the message when a limit is reached",
    "only_knowledge": "whether it answers from knowledge only",
    "hybrid": "semantic search",
    "unknown_text": "the message when it doesn’t know",
}


_FILTERS = {
    "bot": "bot",
    "q": "text",
    "state": "state",
    "origin": "origin",
    "from": "days",
    "to": "days",
}


_NO_NAMES: Mapping[str, str] = {}


class _Facts(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""


def what(line: AuditLine, bot_names: Mapping[str, str] = _NO_NAMES) -> str:
    """What someone did, without their name: “replaced the Anthropic key, was …7xA2, now …Qm31”.

    `bot_names` are by id, for lines that record only a bot's id.
    """
    sentence = SENTENCES.get(line.action)
    if sentence is None:
        return _plain(line)
    bot = bot_names.get(str(line.details.get("bot")), "a bot")
    facts = {"subject": line.subject, **line.details, "bot": bot}
    translate = _TRANSLATIONS.get(line.action) or _TRANSLATIONS.get(line.action.partition(".")[0])
    return sentence.format_map(_Facts(translate(facts) if translate else facts))


def _plain(line: AuditLine) -> str:
    """For an action of another version of Mevichat: everything, as it was recorded."""
    details = ", ".join(f"{name} {value}" for name, value in sorted(line.details.items()))
    return " ".join(
        part for part in (line.action, line.subject, details and f"({details})") if part
    )


def _of_key(facts: Facts) -> Facts:
    provider = _provider_name(facts["subject"])
    reason = str(facts.get("reason", ""))
    parts = {"provider": provider, "reason": _REASONS.get(reason, reason).format(provider=provider)}
    result = facts.get("result", "")
    masks = {name: _short(str(facts[name])) for name in ("was", "now", "mask") if name in facts}
    return facts | parts | masks | {"result": f": {result}" if result else ""}


def _of_bot(facts: Facts) -> Facts:
    return facts | {
        "name": facts.get("name") or facts["subject"],
        "model": failure_messages.names(str(facts.get("model", "")))[0],
        "changes": listed(_changes(facts)),
    }


def _changes(facts: Facts) -> list[str]:
    """The changed fields in the order of the form; for the name and the model, also the old value."""
    changed = facts.get("fields", [])
    parts = [text for name, text in _FIELDS.items() if name in changed and name != "name"]
    if "model_id" in changed:
        was, now = (failure_messages.names(str(facts.get(side, "")))[0] for side in ("was", "now"))
        parts.insert(0, f"model from {was} to {now}")
    parts += _appearance_changes([name for name in appearance.FACTS if name in changed])
    if "name" in changed:
        parts.insert(0, f"name, was {facts.get('name_was', '')}")
    return parts


def _appearance_changes(fields: list[str]) -> list[str]:
    """Lists at most `MOST_NAMED` of them: a preset changes a dozen."""
    titles = [str(appearance.FACTS[name]["title"]) for name in fields]
    parts = [title[:1].lower() + title[1:] for title in titles]
    more = len(parts) - MOST_NAMED
    return parts if more <= 0 else [*parts[: MOST_NAMED - 1], f"{more + 1} more"]


_KINDS = {"text": "text", "file": "file", "qa": "answer to", "page": "page", "sitemap": "sitemap"}


def _of_source(facts: Facts) -> Facts:
    return facts | {"kind": _KINDS.get(str(facts.get("kind", "")), "source")}


def _of_plan(facts: Facts) -> Facts:
    names = {side: _plan_name(str(facts[side])) for side in ("was", "now", "plan") if side in facts}
    return facts | names


def _of_workspace(facts: Facts) -> Facts:
    return facts | {"plan": _plan_name(str(facts.get("plan", "")))}


def _of_retention(facts: Facts) -> Facts:
    return facts | {
        side: _kept(facts[side]) for side in ("was", "now") if isinstance(facts.get(side), int)
    }


def _kept(days: int) -> str:
    return f"{days} day{'' if days == 1 else 's'}" if days else "forever"


def _of_conversation(facts: Facts) -> Facts:
    """How many, and which filters were set; never the search text."""
    count = int(facts.get("count", 1))
    parts = f"{grouped(count)} conversations" if count != 1 else "one conversation"
    fields = facts.get("filter") or {}
    of = (
        f", filtered by {listed(dict.fromkeys(_FILTERS.get(name, name) for name in fields))}"
        if fields
        else ""
    )
    period = _kept(facts["days"]) if facts.get("days") else ""
    return facts | {"conversations": parts + of, "period": period}


def _of_person(facts: Facts) -> Facts:
    sides = (side for side in ("role", "was", "now") if side in facts)
    by = facts.get("invited_by")
    invited = {"invited": f", invited by {by}" if by else ""}
    return facts | invited | {side: _role_name(str(facts[side])) for side in sides}


def _of_routing(facts: Facts) -> Facts:
    return facts | {"now": listed(_provider_name(str(slug)) for slug in facts.get("now", []))}


def _of_alert(facts: Facts) -> Facts:
    why = facts.get("why")
    return facts | {"why": f": {why}" if why else ""}


_TRANSLATIONS: Mapping[str, Callable[[Facts], Facts]] = {
    "key": _of_key,
    "bot": _of_bot,
    "plan": _of_plan,
    "source": _of_source,
    "workspace": _of_workspace,
    "workspace.retention_changed": _of_retention,
    "conversation": _of_conversation,
    "person": _of_person,
    "alert": _of_alert,
    "routing": _of_routing,
}


def _short(mask: str) -> str:
    """A mask by its last characters: …7xA2."""
    _, hidden, tail = mask.rpartition("•")
    return f"…{tail}" if hidden and tail else mask


def _provider_name(slug: str) -> str:
    try:
        return catalogue.provider(slug).name
    except LookupError:
        return slug


def _plan_name(key: str) -> str:
    return plans.PLANS[key].name if key in plans.PLANS else key


def _role_name(role: str) -> str:
    return (ROLE_NAMES[Role(role)] if role in set(Role) else role).lower()
