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
_SEARCH = "web_search_options"


def non_token_charge(document: Mapping[str, Any]) -> str:
    """The first thing in a request that costs more than its tokens, by its name there; "" for none."""
    for name, usual in _USUAL.items():
        if document.get(name) is not None and document[name] not in usual:
            return name
    if document.get(_SEARCH) is not None:
        return _SEARCH
    tools = document.get("tools")
    found = (_run_by_provider(tool) for tool in tools) if isinstance(tools, list) else ()
    return next((name for name in found if name), "")


def _run_by_provider(tool: Any) -> str:
    kind = str(tool.get("type") or "") if isinstance(tool, dict) else ""
    is_offline = kind == "web_search" and tool.get("external_web_access") is False
    is_own = kind in _OWN_TOOLS or kind.startswith(_OWN_TOOLS_OF_A_DATE)
    return "" if is_own or is_offline else kind
