import pytest

from core import settings
from core.errors import SettingsError
from core.settings_mail import Encryption, default_sender, mail_server


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://ann:pw@mail.example.com", "mail.example.com", 587, Encryption.REQUIRED),
        ("smtp://ann:pw@mail.example.com:2525", "mail.example.com", 2525, Encryption.REQUIRED),
        ("smtp://mail.example.com:25/", "mail.example.com", 25, Encryption.OFFERED),
        ("smtps://ann:pw@mail.example.com", "mail.example.com", 465, Encryption.IMPLICIT),
        ("smtps://127.0.0.1:465", "127.0.0.1", 465, Encryption.IMPLICIT),
        ("smtp://127.0.0.1:25", "127.0.0.1", 25, Encryption.NONE),
        ("smtp://localhost", "localhost", 587, Encryption.NONE),
        ("smtp://[::1]:25", "::1", 25, Encryption.NONE),
        ("smtp://ann:pw@127.0.0.1:25", "127.0.0.1", 25, Encryption.OFFERED),
        ("smtp://localhost.example.com", "localhost.example.com", 587, Encryption.OFFERED),
        ("smtp://10.0.0.1", "10.0.0.1", 587, Encryption.OFFERED),
    ],
)
def test_a_password_leaves_this_machine_encrypted_or_not_at_all(url, host, port, encryption):
    server = mail_server(url)
    assert (server.host, server.port, server.encryption) == (host, port, encryption)


def test_a_login_may_hold_anything_percent_encoded():
    server = mail_server("smtp://ann%40example.com:p%2Fw%3A%40@mail.example.com")
    assert (server.user, server.password) == ("ann@example.com", "p/w:@")
    assert "p/w" not in repr(server)


@pytest.mark.parametrize(
    "value",
    [
        "mail.of.mine", "http://mail.of.mine", "smtp:///", "smtp://:25", "smtp://host:no",
        "smtp://host:70000", "smtp://host/path", "smtp://host?x=1", "smtp://ann@host", "smtp://:pw@host",
    ],
)  # fmt: skip
def test_a_mail_server_that_cannot_be_one_stops_the_start(tmp_path, value):
    with pytest.raises(SettingsError, match="SMTP_URL cannot be used: .*must") as refusal:
        settings.read({"DATA_DIR": str(tmp_path), "SMTP_URL": value})
    assert value not in refusal.value.message


@pytest.mark.parametrize(
    "value",
    ["Mevichat", "<>", "a@b, c@d", "Mevichat <mevichat>", "x <a@b>\nBcc: c@d", "x <a@b> y", "@b"],
)
def test_a_sender_that_cannot_be_one_stops_the_start(tmp_path, value):
    with pytest.raises(SettingsError, match="MAIL_FROM cannot be used: .*must be one address"):
        settings.read({"DATA_DIR": str(tmp_path), "MAIL_FROM": value})


@pytest.mark.parametrize(
    "value", ["mevichat@example.com", "Mevichat <mevichat@example.com>", '"A, B" <a.b@localhost>']
)
def test_a_sender_is_an_address_with_or_without_a_name(tmp_path, value):
    read = settings.read({"DATA_DIR": str(tmp_path), "MAIL_FROM": value})
    assert read.mail_sender == value


@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("https://chat.example.com", "Mevichat <mevichat@chat.example.com>"),
        ("http://127.0.0.1:8000", "Mevichat <mevichat@localhost>"),
        ("http://[::1]:8000", "Mevichat <mevichat@localhost>"),
    ],
)
def test_without_a_sender_mail_is_from_the_deployments_own_host(address, sender):
    assert default_sender(address) == sender


def test_without_a_mail_server_there_is_none_and_private_webhooks_are_refused(tmp_path):
    read = settings.read({"DATA_DIR": str(tmp_path)})
    assert read.mail_server is None
    assert not read.private_webhooks
    with pytest.raises(SettingsError, match="PRIVATE_WEBHOOKS cannot be used"):
        settings.read({"DATA_DIR": str(tmp_path), "PRIVATE_WEBHOOKS": "perhaps"})


def test_the_password_of_the_mail_server_is_in_no_repr(tmp_path):
    url = "smtp://ann:hunter2hunter2@mail.example.com"
    read = settings.read({"DATA_DIR": str(tmp_path), "SMTP_URL": url})
    assert "hunter2" not in repr(read) + repr(read.mail_server)
