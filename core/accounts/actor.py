"""Who does something, as the audit log remembers it. Verbs that change things take one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`origin` is where from: an IP address, the command line, or "" for the product itself."""

    name: str
    origin: str = ""
    person_id: str = ""


MEVICHAT = Actor("Mevichat")
"""What happens by itself: verdicts, recoveries, scheduled checks."""

OPERATOR = Actor("The operator", "command line")
