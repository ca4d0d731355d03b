"""Handing mail over to a real server: with and without encryption, refused, dead, and drawn out."""

import socket
import threading
import time
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from core.outbox import smtp
from core.outbox.smtp import EmailDelayed, EmailRefused
from core.settings_mail import Encryption, MailServer
from tests.authority import Authority
from tests.core.outbox.conftest import LOGIN, free_port, takes_login

USER, PASSWORD = (part.decode() for part in LOGIN)


def message(to="zoe@example.com"):
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "Mevichat <mevichat@example.com>", to, "Größe"
    made.set_content("Hello.\n.\nBye.\n", cte="quoted-printable")
    return made


def server(office, encryption=Encryption.NONE, user="", password="", host="127.0.0.1"):
    return MailServer(host, office.port, encryption, user, password)


@pytest.fixture
def authority(tmp_path, monkeypatch):
    made = Authority(tmp_path)
    with made.trusted(monkeypatch):
        yield made


def test_a_mail_arrives_as_it_was_written(post_office):
    office = post_office()
    smtp.send(message(), server(office))
    (taken,) = office.taken
    assert (taken.mail_from, taken.rcpt_tos) == ("mevichat@example.com", ["zoe@example.com"])
    assert b"Hello.\r\n.\r\nBye." in taken.content
    assert office.was_encrypted == [False]


def test_a_password_goes_over_starttls(post_office, authority):
    office = post_office(
        tls_context=authority.server("127.0.0.1"), authenticator=takes_login, auth_required=True
    )
    smtp.send(message(), server(office, Encryption.REQUIRED, USER, PASSWORD))
    assert (len(office.taken), office.was_encrypted) == (1, [True])


def test_starttls_is_taken_where_it_is_offered(post_office, authority):
    offers, does_not = post_office(tls_context=authority.server("127.0.0.1")), post_office()
    for office in (offers, does_not):
        smtp.send(message(), server(office, Encryption.OFFERED))
    assert (offers.was_encrypted, does_not.was_encrypted) == ([True], [False])


def test_tls_from_the_first_byte(post_office, authority):
    office = post_office(ssl_context=authority.server("127.0.0.1"))
    smtp.send(message(), server(office, Encryption.IMPLICIT))
    assert len(office.taken) == 1


def test_a_password_is_not_sent_without_encryption(post_office):
    logins = []
    office = post_office(
        authenticator=lambda *arguments: logins.append(arguments), auth_require_tls=False
    )  # fmt: skip
    with pytest.raises(EmailDelayed, match="doesn’t offer encryption"):
        smtp.send(message(), server(office, Encryption.REQUIRED, USER, PASSWORD))
    assert not logins
    assert not office.taken


@pytest.mark.parametrize("encryption", [Encryption.REQUIRED, Encryption.OFFERED])
def test_a_certificate_for_another_name_gets_no_password(post_office, authority, encryption):
    office = post_office(tls_context=authority.server("mail.example"), authenticator=takes_login)
    with pytest.raises(EmailDelayed, match="certificate couldn’t be verified"):
        smtp.send(message(), server(office, encryption, USER, PASSWORD))
    assert not office.taken


def test_a_wrong_password_waits_for_the_operator(post_office, authority):
    office = post_office(tls_context=authority.server("127.0.0.1"), authenticator=takes_login)
    with pytest.raises(EmailDelayed, match=r"refused the sign-in \(535") as failure:
        smtp.send(message(), server(office, Encryption.REQUIRED, USER, "wrong-hunter2"))
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize(
    ("command", "answer", "kind", "said"),
    [
        (
            "RCPT",
            "550 5.1.1 zoe@example.com is unknown",
            EmailRefused,
            "the recipient (550 5.1.1).",
        ),
        ("RCPT", "599 no", EmailRefused, "the recipient (599)."),
        ("RCPT", "451 4.7.1 greylisted", EmailDelayed, "the recipient (451 4.7.1)."),
        ("RCPT", "421 later", EmailDelayed, "the recipient (421)."),
        ("DATA", "554 5.7.1 spam", EmailRefused, "the message (554 5.7.1)."),
        ("DATA", "452 full", EmailDelayed, "the message (452)."),
        ("MAIL", "550 5.7.1 not yours", EmailDelayed, "the sender (550 5.7.1)."),
        ("MAIL", "451 later", EmailDelayed, "the sender (451)."),
    ],
)
def test_a_refusal_says_by_its_code_whether_another_try_can_help(
    post_office, command, answer, kind, said
):
    office = post_office()
    office.refuse[command] = answer
    with pytest.raises(kind) as failure:
        smtp.send(message(), server(office))
    assert failure.value.message == f"The mail server refused {said}"
    assert "zoe" not in repr(failure.value)
    assert failure.value.__suppress_context__


def test_a_dead_server_is_worth_another_try():
    with pytest.raises(
        EmailDelayed, match="Couldn’t connect to the mail server: Connection refused"
    ):
        smtp.send(message(), MailServer("127.0.0.1", free_port(), Encryption.NONE))
    with pytest.raises(EmailDelayed, match="Couldn’t connect"):
        smtp.send(message(), MailServer("mail.invalid", 25, Encryption.NONE))


def talking(*pieces, pause_seconds=0.0):
    """A server that says its pieces, whatever it is told; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk():
        connection, _ = listener.accept()
        try:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_seconds)
        except OSError:
            pass
        connection.close()
        listener.close()

    threading.Thread(target=talk, daemon=True).start()
    return MailServer("127.0.0.1", listener.getsockname()[1], Encryption.NONE)


@pytest.mark.parametrize(
    "greeting", [b"", b"HTTP/1.1 400 no\r\n\r\n", b"554 not here\r\n", b"\xff\r\n"]
)
def test_what_is_no_mail_server_is_worth_another_try(greeting):
    with pytest.raises(EmailDelayed):
        smtp.send(message(), talking(greeting))


def test_a_server_that_dribbles_is_hung_up_on(monkeypatch):
    """Each of its waits is short; all of them together are not."""
    monkeypatch.setattr(smtp, "TOTAL_SECONDS", 0.5)
    began = time.monotonic()
    with pytest.raises(EmailDelayed, match=r"longer than 0\.5 seconds"):
        smtp.send(message(), talking(*[b"2"] * 600, pause_seconds=0.05))
    assert time.monotonic() - began < 10


def test_a_goodbye_that_goes_wrong_does_not_make_it_a_failure(post_office, monkeypatch):
    office = post_office()
    monkeypatch.setattr(smtp._Client, "quit", lambda self: self.docmd("NONSENSE") and self.close())
    smtp.send(message(), server(office))
    assert len(office.taken) == 1
