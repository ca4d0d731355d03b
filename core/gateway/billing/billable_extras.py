"""What providers sell beside tokens: a balance, which knows what tokens cost, cannot pay for it.

On a key of the workspace's all of it goes through; the provider bills whom it knows.
"""

from collections.abc import Mapping
from typing import Any

_OWN_TOOLS = ("", "function", "custom", "local_shell", "apply_patch")
_OWN_TOOLS_OF_A_DATE = ("bash_", "text_editor_", "computer_", "memory_")
"""Tools which the program runs itself. The provider runs every other one, and charges for it."""
_USUAL: dict[str, tuple[Any, ...]] = {
    "service_tier": ("auto", "default", "standard_only", "flex"),
    "speed": ("standard",),
    "inference_geo": ("global", "not_available"),
    "modalities": (["text"],),
    "background": (False,),
}
"""Settings that cost no more, at these values."""
_BILLED_SEPARATELY = (
    *("web_search_options", "search_parameters", "plugins", "mcp_servers", "container"),
    *("models", "fallbacks", "route", "provider", "preset", "cached_content"),
)
"""Searches, code execution and stored texts, billed separately, and other models at other prices."""


def non_token_charge(document: Mapping[str, Any]) -> str:
    """The first thing in a request that costs more than its tokens, by its name there; "" for none."""
    for name, usual in _USUAL.items():
        if document.get(name) is not None and document[name] not in usual:
            return name
    if named := next((name for name in _BILLED_SEPARATELY if document.get(name) is not None), ""):
        return named
    tools = document.get("tools") or []
    if not isinstance(tools, list):
        return "tools"
    return next((name for tool in tools if (name := _run_by_provider(tool))), "")


def _run_by_provider(tool: Any) -> str:
    """The kind of a tool that the provider runs; "" for a tool of the client."""
    if not isinstance(tool, dict):
        return "tools"
    kind = str(tool.get("type") or "")
    is_offline = kind == "web_search" and tool.get("external_web_access") is False
    if is_offline or kind.startswith(_OWN_TOOLS_OF_A_DATE):
        return ""
    if kind in _OWN_TOOLS:
        return "" if kind or "name" in tool or "function" in tool else next(iter(tool), "tools")
    return kind
