"""Data that several parts of a page need, read once per request.

For display only: after a form changes something, it has to be read again.
"""

from collections.abc import Callable
from typing import TypeVar

from flask import g, has_request_context, request

from core.accounts.models import Workspace
from core.bots import bots
from core.bots.models import Bot
from core.bots.quota import quota
from core.bots.quota.quota import Quota
from core.keys import store
from core.keys.models import ProviderKey

Found = TypeVar("Found")


def bots_of(workspace: Workspace) -> list[Bot]:
    return _once("bots", workspace, lambda: bots.bots_of(workspace.id))


def bot_of(workspace: Workspace, bot_id: str) -> Bot:
    """One bot; raises `NotFound`. Reads all of them, because the page's banners need them too."""
    bots_of(workspace)
    return bots.get(workspace.id, bot_id)


def keys_of(workspace: Workspace) -> list[ProviderKey]:
    return _once("keys", workspace, lambda: store.keys_of(workspace.id))


def quota_of(workspace: Workspace) -> Quota:
    return _once("quota", workspace, lambda: quota.status(workspace))


def _once(name: str, workspace: Workspace, read: Callable[[], Found]) -> Found:
    if not has_request_context() or request.method != "GET":
        return read()
    known: dict[tuple[str, str], Found] = g.setdefault("at_hand", {})
    place = name, workspace.id
    if place not in known:
        known[place] = read()
    return known[place]
