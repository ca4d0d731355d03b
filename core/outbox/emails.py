"""Emails: rendered from templates/emails/NAME.txt in the transaction of the change, sent by a worker.

A template's first line is `Subject: …`, followed by a blank line and plain text. Every value is rendered
as a single line, so that no name can imitate a header or a paragraph of ours. The HTML part is made
from the same text when the email is sent.
"""

import re
import sys
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy.orm import Session

from core import clock
from core.outbox import deliveries, html_email, smtp
from core.outbox.models import EMAIL, Delivery
from core.settings import Settings
from core.settings_mail import MailServer
from core.text import fit

LONGEST_SUBJECT = 150
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Bidirectional control characters: they can make one address look like another."""

_server: MailServer | None = None
_sender = ""
_address = ""


def configure(settings: Settings) -> None:
    """Called once by `create_app`."""
    global _server, _sender, _address
    _server, _sender, _address = settings.mail_server, settings.mail_sender, settings.address


def add(
    current: Session, template: str, to: str, workspace_id: str | None = None, **facts: Any
) -> str:
    """Writes an email in the caller's transaction. Pass the returned delivery id to `send_soon`."""
    subject, text = rendered(template, **facts)
    content = {"subject": subject, "text": text}
    return deliveries.add(current, EMAIL, template, to, content, workspace_id)


def rendered(template: str, **facts: Any) -> tuple[str, str]:
    """Subject and text. Templates also get this deployment's `address`; a missing fact raises."""
    rendered_text = _templates.get_template(f"{template}.txt").render(**facts, address=_address)
    head, _, text = rendered_text.partition("\n")
    subject = _one_line(head.removeprefix("Subject:"))
    return subject[:LONGEST_SUBJECT], text.strip() + "\n"


def send(delivery: Delivery, content: dict[str, Any]) -> None:
    """Makes one attempt. Raises `EmailError`. Without a mail server, prints to stdout.

    It is printed instead of logged, because the log hides tokens.
    """
    if _server is None:
        sys.stdout.write(_printed(delivery.recipient, content))
        sys.stdout.flush()
    else:
        smtp.send(_message(delivery, content), _server)


def _message(delivery: Delivery, content: dict[str, Any]) -> EmailMessage:
    """Every attempt has the same Message-ID, so that receivers recognize duplicates."""
    message = EmailMessage(policy=SMTP)
    message["From"] = _sender
    message["To"] = delivery.recipient
    message["Subject"] = content["subject"]
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{delivery.id}@{urlsplit(_address).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(content["text"], cte="quoted-printable")
    page = html_email.render(content["subject"], content["text"], _address)
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    return message


def _printed(to: str, content: dict[str, Any]) -> str:
    line = "-" * 72
    return (
        f"{line}\nEmail to {to} (printed here because SMTP_URL isn’t set)\n"
        f"Subject: {content['subject']}\n\n{content['text']}{line}\n"
    )


def _one_line(value: Any) -> str:
    return " ".join(_DIRECTIONS.sub("", fit(str(value))).split())


def _moment(text: str) -> str:
    """An ISO time in readable form: `25 Nov 2026, 02:25 UTC`."""
    moment = datetime.fromisoformat(str(text)).astimezone(UTC)
    return f"{moment.day} {moment.strftime('%b %Y, %H:%M')} UTC"


_templates = Environment(
    loader=FileSystemLoader(html_email.TEMPLATES),
    undefined=StrictUndefined,
    finalize=_one_line,
    trim_blocks=True,
    lstrip_blocks=True,
    autoescape=False,  # noqa: S701  (plain text, not HTML)
)
_templates.filters["moment"] = _moment
