"""Who makes a change, as the audit log records it. Functions that change things take an `Actor`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`origin` is an IP address, the command line, or "" for the product itself."""

    name: str
    origin: str = ""
    person_id: str = ""


MEVICHAT = Actor("Mevichat")
"""For automatic changes: key verdicts, recoveries, scheduled checks."""

OPERATOR = Actor("The operator", "command line")
