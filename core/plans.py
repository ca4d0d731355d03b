"""What each plan allows, as one table. No other code checks a plan's name (spec §2)."""

from dataclasses import dataclass

from core.errors import Invalid


@dataclass(frozen=True)
class Plan:
    """A row of the table. `bot_tiers` are the tiers of models that bots may use."""

    key: str
    name: str
    kind: str
    messages_per_month: int
    provider_keys: bool
    bot_tiers: frozenset[str]
    keys_text: str
    models_text: str
    sources: int
    """In the whole workspace; the same applies to the characters."""
    characters: int
    sitemap_pages: int
    hides_our_name: bool
    """Whether “Powered by Mevichat” can be hidden in the widget."""

    def allows_tier(self, tier: str | None) -> bool:
        return tier in self.bot_tiers


_MINI = frozenset({"mini"})
_STANDARD = _MINI | {"standard"}
_PREMIUM = _STANDARD | {"premium"}

PLANS = {
    plan.key: plan
    for plan in (
        Plan(
            "personal", "Personal", "personal", 250, True, _MINI,
            "Your own keys, for the gateway", "Mevichat Mini", 10, 1_000_000, 20, False,
        ),
        Plan(
            "free", "Free", "organization", 250, False, _MINI,
            "None", "Mevichat Mini", 10, 1_000_000, 20, False,
        ),
        Plan(
            "pro", "Pro", "organization", 5_000, True, _STANDARD,
            "Anthropic and OpenAI for bots", "Mini, Claude Haiku 4.5 and GPT-5 Mini",
            200, 20_000_000, 500, True,
        ),
        Plan(
            "scale", "Scale", "organization", 25_000, True, _PREMIUM,
            "Anthropic and OpenAI for bots",
            "Mini, Claude Haiku 4.5, Claude Sonnet 4.6, GPT-5 Mini and GPT-5",
            1_000, 100_000_000, 2_000, True,
        ),
    )
}  # fmt: skip


def plan(key: str) -> Plan:
    """The plan with that key; raises `Invalid`, listing the plans."""
    if key not in PLANS:
        raise Invalid(f"There is no plan “{key}”. The plans are: {', '.join(PLANS)}.")
    return PLANS[key]


def first_plan_for(kind: str) -> Plan:
    """The initial plan of a workspace of that kind."""
    return plans_of(kind)[0]


def plans_of(kind: str) -> list[Plan]:
    """The plans for a workspace of that kind, the smallest first."""
    return [plan for plan in PLANS.values() if plan.kind == kind]


def plans_with_keys(kind: str) -> list[Plan]:
    """The plans of that kind that include provider keys."""
    return [plan for plan in plans_of(kind) if plan.provider_keys]
