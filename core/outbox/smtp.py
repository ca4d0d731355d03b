"""The only module that speaks SMTP: sends one message, with timeouts and errors that hold no address.

Only a refusal of the recipient or of the message is final. Any other failure is worth a retry, since
time or the operator may fix it.
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
    """The base of email errors."""

    code = "mail_failed"
    sentence = "The email couldn’t be sent."


class EmailRefused(EmailError):
    """A permanent failure: a retry can't help."""

    code = "mail_refused"


class EmailDelayed(EmailError):
    """A temporary failure: the server is down, busy, or doesn't accept email from here."""

    code = "mail_waits"


def send(message: EmailMessage, server: MailServer) -> None:
    """Sends the message. Raises `EmailRefused` or `EmailDelayed`."""
    with Deadline(TOTAL_SECONDS) as deadline:
        try:
            _deliver(message, server, deadline)
        except (OSError, smtplib.SMTPException, UnicodeError, ValueError) as error:
            if deadline.passed:
                raise EmailDelayed(
                    f"The mail server took longer than {TOTAL_SECONDS:g} seconds."
                ) from None
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
        raise EmailDelayed("The mail server doesn’t offer encryption, so the password wasn’t sent.")


class _Client(smtplib.SMTP):
    """smtplib's client with a timeout for each read and a deadline for everything."""

    def __init__(self, server: MailServer, deadline: Deadline) -> None:
        super().__init__(local_hostname=socket.gethostname(), timeout=CONNECT_SECONDS)
        self._host = server.host  # for the certificate check; only smtplib's constructor sets it
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
        """Ignores errors: the server has accepted the message by now."""
        with suppress(OSError, smtplib.SMTPException):
            self.quit()


def _explained(error: Exception) -> EmailError:
    """Our error for a library's, whose text may hold addresses or content."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return _refusal(*next(iter(error.recipients.values())), "recipient")
    if isinstance(error, smtplib.SMTPDataError):
        return _refusal(error.smtp_code, error.smtp_error, "message")
    if isinstance(error, smtplib.SMTPResponseException):
        what = "sign-in" if isinstance(error, smtplib.SMTPAuthenticationError) else "sender"
        return EmailDelayed(_refusal_text(error.smtp_code, error.smtp_error, what))
    if isinstance(error, smtplib.SMTPNotSupportedError | UnicodeError):
        return EmailRefused("The mail server doesn’t support the characters in this address.")
    if isinstance(error, ssl.SSLCertVerificationError):
        return EmailDelayed("The mail server’s certificate couldn’t be verified.")
    if isinstance(error, OSError) and not isinstance(error, smtplib.SMTPException):
        return EmailDelayed(
            f"Couldn’t connect to the mail server: {error.strerror or 'no answer'}."
        )
    return EmailDelayed("The mail server closed the connection.")


def _refusal(code: int, text: bytes | str, what: str) -> EmailError:
    message = _refusal_text(code, text, what)
    return EmailRefused(message) if 500 <= code < 600 else EmailDelayed(message)


def _refusal_text(code: int, text: bytes | str, what: str) -> str:
    """Names the server's codes but not its text, which may repeat the address."""
    reply = text.decode(errors="replace") if isinstance(text, bytes) else text
    enhanced = re.match(r"[245]\.\d{1,3}\.\d{1,3}\b", reply)
    codes = f"{code} {enhanced[0]}" if enhanced else str(code)
    return f"The mail server refused the {what} ({codes})."
