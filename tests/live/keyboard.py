"""Hands on the keyboard alone: no click, and no focus but the one that the keys moved there.

Of whatever has the focus on the way, the browser's own accessibility tree has to know a name, and eyes
have to see the ring.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_FACTS = Path(__file__).with_name("focus.js").read_text()
_ACTIVE = "function () { return this.activeElement; }"
MOST_TABS = 90


@dataclass(frozen=True)
class Focus:
    role: str
    name: str
    facts: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.role} “{self.name}” {self.facts['html']}"

    @property
    def faults(self) -> list[str]:
        wrong = {
            "has no name": not self.name,
            "has no visible ring": not self.facts["hasRing"],
            "cannot be seen": not self.facts["isSeen"],
        }
        return [] if self.facts["isPlace"] else [text for text, is_so in wrong.items() if is_so]


class Keyboard:
    """Of one page. `presses` counts the keys, without those that write."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0
        self._browser = page.context.new_cdp_session(page)

    def to(self, role: str, name: str, key: str = "Tab") -> None:
        """Presses Tab (or another key) until that has the focus; the name may begin so."""
        passed = []
        for _ in range(MOST_TABS):
            self.press(key)
            focus = self.focus()
            passed.append(str(focus))
            assert not focus.faults, f"{focus.faults}: {focus}"
            if focus.role == role and focus.name.startswith(name):
                return
        raise AssertionError(f"{key} does not lead to the {role} “{name}”:\n" + "\n".join(passed))

    def follow(self, name: str) -> None:
        """To that link, and through it."""
        self.to("link", name)
        self.press("Enter")

    def push(self, name: str) -> None:
        """To that button, and Space on it."""
        self.to("button", name)
        self.press("Space")

    def write(self, label: str, text: str) -> None:
        """Into the field of that name."""
        self.to("textbox", label)
        self.page.keyboard.type(text)

    def choose(self, name: str) -> None:
        """One of the next group of radio buttons, by the arrows."""
        self.to_role("radio")
        if not self.focus().name.startswith(name):
            self.to("radio", name, "ArrowDown")
        self.press("Space")

    def to_role(self, role: str) -> None:
        for _ in range(MOST_TABS):
            self.press("Tab")
            if self.focus().role == role:
                return
        raise AssertionError(f"Tab leads to no {role}")

    def skip_to_content(self) -> None:
        self.follow("Skip to content")

    def press(self, key: str) -> None:
        self.presses += 1
        self.page.keyboard.press(key)

    def focus(self) -> Focus:
        """What the browser tells a screen reader of the focused element, and what eyes see of it."""
        found = self._send("Runtime.evaluate", expression="document.activeElement")
        element, facts = self._innermost(found["result"]["objectId"])
        named = self._send("Accessibility.getPartialAXTree", objectId=element, fetchRelatives=False)
        node = named["nodes"][0]
        return Focus(_value(node, "role"), _value(node, "name"), facts)

    def _innermost(self, element: str) -> tuple[str, dict[str, Any]]:
        """Through frames and closed shadow trees, to the element itself and what is to be seen of it."""
        facts: dict[str, Any] = self._call(element, _FACTS, by_value=True)["value"]
        inside = self._inside(element) if facts["hosts"] else ""
        found = self._call(inside, _ACTIVE) if inside else {}
        return self._innermost(found["objectId"]) if "objectId" in found else (element, facts)

    def _inside(self, element: str) -> str:
        """The shadow tree or the document that an element is the host of, or ""."""
        node = self._send("DOM.describeNode", objectId=element, pierce=True, depth=1)["node"]
        for root in (*node.get("shadowRoots", ()), node.get("contentDocument", {})):
            if root and root.get("shadowRootType") != "user-agent":
                found = self._send("DOM.resolveNode", backendNodeId=root["backendNodeId"])
                return str(found["object"]["objectId"])
        return ""

    def _call(self, element: str, function: str, by_value: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = self._send(
            "Runtime.callFunctionOn",
            objectId=element,
            functionDeclaration=function,
            returnByValue=by_value,
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return dict(found["result"])

    def _send(self, method: str, **values: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._browser.send(method, values)
        return answer


def _value(node: dict[str, Any], name: str) -> str:
    return str(node.get(name, {}).get("value", ""))
