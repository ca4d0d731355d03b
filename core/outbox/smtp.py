"""The one door for SMTP: hands one message over, under time limits, with errors that hold no address.

A refusal of the recipient or of the message is final; whatever else goes wrong may be mended, by
time or by the operator, and is worth another try.
"""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from email.message import EmailMessage

from core import tls
from core.deadline import Deadline
from core.errors import MevichatError
from core.settings_mail import Encryption, MailServer

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0


class EmailError(MevichatError):
    """The root of these."""

    code = "mail_failed"
    sentence = "The mail could not be handed over."


class EmailRefused(EmailError):
    """For good: no later try can help."""

    code = "mail_refused"


class SmtpTimeouts(EmailError):
    """For now: the server is away, busy, or does not take mail from here."""

    code = "mail_waits"


def send(message: EmailMessage, server: MailServer) -> None:
    """Raises `MailRefused` or `MailWaits`."""
    with Deadline(TOTAL_SECONDS) as deadline:
        try:
            _deliver(message, server, deadline)
        except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
            if deadline.passed:
                raise SmtpTimeouts(f"The mail server took more than {TOTAL_SECONDS:g} s.") from None
            raise _explained(error) from None


def _deliver(message: EmailMessage, server: MailServer, deadline: Deadline) -> None:
    client = _Client(server, deadline)
    try:
        client.connect(server.host, server.port)
        _encrypt(client, server)
        if server.user:
            client.login(server.user, server.password)
        client.send_message(message)
        client.quit_quietly()
    finally:
        client.close()


def _encrypt(client: "_Client", server: MailServer) -> None:
    client.ehlo_or_helo_if_needed()
    if server.encryption not in (Encryption.OFFERED, Encryption.REQUIRED):
        return
    if client.has_extn("starttls"):
        client.starttls(context=tls.verifying())
        client.ehlo()
    elif server.encryption is Encryption.REQUIRED:
        raise SmtpTimeouts("The mail server offers no encryption, so the password was not sent.")


class _Client(smtplib.SMTP):
    """smtplib's, with connections that end: within seconds each wait, within the deadline all."""

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        super().__init__(local_hostname=socket.gethostname(), timeout=CONNECT_SECONDS)
        self._host = server.host  # what its certificate has to name; only the constructor sets it
        self._implicit = server.encryption is Encryption.IMPLICIT
        self._deadline = deadline

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), CONNECT_SECONDS)
        self._deadline.watch(connection)
        if self._implicit:
            connection = tls.verifying().wrap_socket(connection, server_hostname=host)
        connection.settimeout(TOTAL_SECONDS)
        return connection

    def quit_quietly(self) -> None:
        """The message is theirs by now: what goes wrong in the goodbye no longer counts."""
        with suppress(OSError, smtplib.SMTPException):
            self.quit()


def _explained(error: Exception) -> EmailError:
    """Ours in place of a library's, whose text may hold addresses or what was sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refusal(*next(iter(error.recipients.values())), "recipient")
    if isinstance(error, smtplib.SMTPDataError):
        return _refusal(error.smtp_code, error.smtp_error, "message")
    if isinstance(error, smtplib.SMTPResponseException):
        what = "sign-in" if isinstance(error, smtplib.SMTPAuthenticationError) else "sender"
        return SmtpTimeouts(_words(error.smtp_code, error.smtp_error, what))
    if isinstance(error, smtplib.SMTPNotSupportedError | UnicodeError):
        return EmailRefused("The mail server cannot take an address with such characters.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return SmtpTimeouts("The mail server’s certificate could not be verified.")
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return SmtpTimeouts(f"No connection to the mail server: {error.strerror or 'no answer'}.")
    return SmtpTimeouts("The mail server ended the connection.")


def _refusal(code: int, text: bytes | str, what: str) -> EmailError:
    words = _words(code, text, what)
    return EmailRefused(words) if 500 <= code < 600 else SmtpTimeouts(words)


def _words(code: int, text: bytes | str, what: str) -> str:
    """Its codes, but not its words: they may repeat the address."""
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", said)
    codes = f"{code} {enhanced[0]}" if enhanced else str(code)
    return f"The mail server refused the {what} ({codes})."
