"""The effects of changing to another plan, in words: for bots, keys and this month's messages."""

from dataclasses import dataclass
from functools import cached_property

from core.accounts.models import Workspace
from core.bots import plan_change
from core.bots.models import Bot
from core.bots.quota.quota import Quota
from core.plans import Plan
from core.providers import catalogue
from web.console import request_cache
from web.page_context import day, grouped, listed


@dataclass(frozen=True)
class Use:
    """What the workspace uses now that a plan may limit."""

    plan: Plan
    bots: list[Bot]
    key_names: list[str]
    quota: Quota


@dataclass(frozen=True)
class Effect:
    """Another plan, compared with the current one."""

    plan: Plan
    use: Use

    @property
    def is_present(self) -> bool:
        return self.plan == self.use.plan

    @cached_property
    def blocked(self) -> list[Bot]:
        return plan_change.blocked_by(self.plan, self.use.bots)

    @property
    def gained(self) -> list[str]:
        return _models(self.plan, but_not=self.use.plan)

    @property
    def lost(self) -> list[str]:
        return _models(self.use.plan, but_not=self.plan)

    @property
    def is_less(self) -> bool:
        """Whether the workspace would lose something it can do now."""
        fewer = self.plan.messages_per_month < self.use.plan.messages_per_month
        return fewer or bool(self.lost) or self.use.plan.provider_keys > self.plan.provider_keys

    @property
    def percent(self) -> int:
        return self.use.quota.used * 100 // self.plan.messages_per_month

    @property
    def sentences(self) -> list[str]:
        """All effects, the most serious first."""
        sentences = [self._bots(), self._keys(), self._messages(), self._models()]
        return [sentence for sentence in sentences if sentence]

    @property
    def notes(self) -> list[str]:
        """The effects on keys and messages, for pages that list bots and models separately."""
        return [sentence for sentence in (self._keys(), self._messages()) if sentence]

    def _bots(self) -> str:
        if not self.blocked:
            return ""
        names = listed([bot.name for bot in self.blocked])
        verb = "is on a model" if len(self.blocked) == 1 else "are on models"
        return f"{names} {verb} that {self.plan.name} doesn’t include."

    def _keys(self) -> str:
        one = len(self.use.key_names) == 1
        if not self.use.key_names or self.plan.provider_keys == self.use.plan.provider_keys:
            return ""
        keys = f"The {listed(self.use.key_names)} key{'' if one else 's'}"
        if self.plan.provider_keys:
            return f"{keys} {'works' if one else 'work'} again."
        return (
            f"{keys} {'becomes' if one else 'become'} inactive. {'It stays' if one else 'They stay'} "
            f"encrypted and {'works' if one else 'work'} again when you upgrade."
        )

    def _messages(self) -> str:
        used, limit, resets = self.use.quota.used, self.plan.messages_per_month, self.use.quota
        if used >= limit:
            return (
                f"This month’s messages are used up immediately: {grouped(used)} of {grouped(limit)}. "
                f"Visitors see a neutral message until {day(resets.resets_on)}."
            )
        if limit == self.use.plan.messages_per_month:
            return ""
        return f"{grouped(limit - used)} messages are left until {day(resets.resets_on)}."

    def _models(self) -> str:
        if self.lost:
            return f"{listed(self.lost)} will no longer be available."
        return f"{listed(self.gained)} will be available for bots." if self.gained else ""


def use_of(workspace: Workspace) -> Use:
    names = sorted(
        catalogue.provider(key.provider).name for key in request_cache.keys_of(workspace)
    )
    standing = request_cache.quota_of(workspace)
    return Use(workspace.plan, request_cache.bots_of(workspace), names, standing)


def _models(plan: Plan, but_not: Plan) -> list[str]:
    return [
        model.name
        for model in catalogue.bot_models()
        if plan.allows_tier(model.bot_tier) and not but_not.allows_tier(model.bot_tier)
    ]
