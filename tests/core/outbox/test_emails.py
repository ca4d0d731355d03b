"""Mails: written with what they tell, a line for each fact, sent as the operator set it, or printed."""

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from core.db import transaction
from core.outbox import deliveries, emails, sending
from core.outbox.html_email import TEMPLATES
from tests.core.outbox.conftest import free_port, row
from tests.databases import on_both_databases

AT = "2026-11-25T02:25:00+00:00"
WHO = {"workspace": "Acme", "slug": "acme"}
MONTH = {"plan": "Pro", "limit": 5_000, "resets_on": "1 December 2026"}
KEY = {"provider": "Anthropic", "mask": "sk-ant-api03-••••••••7xA2", "at": AT}
FACTS = {
    "key_broken": WHO | KEY | {"reason": "rejected", "words": "invalid x-api-key", "bots": ["Support"]},
    "key_recovered": WHO | KEY | {"broken_at": AT},
    "webhook_off": WHO | {"host": "example.com", "why": "ten failures", "at": AT, "last_error": ""},
    "quota_near": WHO | MONTH | {"used": 4_000, "left": 1_000},
    "quota_full": WHO | MONTH,
    "invitation": WHO | {"inviter": "Ann", "role": "Admin", "token": "mvi_x", "days": 7},
    "password_reset": {"name": "Ann", "token": "mvp_x", "minutes": 60},
    "password_changed": {"name": "Ann", "how": "on the account page"},
    "second_factor_changed": {"name": "Ann", "what": "enabled"},
}  # fmt: skip


def add(template="invitation", to="zoe@example.com", **facts) -> str:
    with transaction() as current:
        return emails.add(current, template, to, None, **FACTS[template] | facts)


def test_every_template_is_tried_here():
    assert {path.stem for path in TEMPLATES.glob("*.txt")} == set(FACTS)
    assert {path.name for path in TEMPLATES.glob("*.html")} == {"layout.html"}


@pytest.mark.parametrize("template", FACTS)
def test_every_mail_says_its_business_in_plain_text_with_a_link(app, chosen, template):
    subject, text = emails.rendered(template, **FACTS[template])
    assert 10 < len(subject) < 90
    assert not subject.endswith(".")
    assert re.search(rf"{re.escape(chosen.address)}/[a-z]", text)
    assert "{" not in text + subject
    assert "\n\n\n" not in text
    assert text == text.strip() + "\n"


@pytest.mark.parametrize("template", FACTS)
def test_a_fact_that_is_missing_is_found_when_the_mail_is_written(app, template):
    for name in set(FACTS[template]) - {"slug" if template == "invitation" else ""}:
        facts = {key: value for key, value in FACTS[template].items() if key != name}
        with pytest.raises(UndefinedError):
            emails.rendered(template, **facts)


@pytest.mark.parametrize("reason", ["rejected", "no_credit", "no_permission", "unreadable", "new"])
def test_a_broken_key_is_told_with_reason_bots_and_what_to_do(app, chosen, reason):
    subject, text = emails.rendered("key_broken", **FACTS["key_broken"] | {"reason": reason})
    assert "Anthropic" in subject
    assert "Acme" in subject
    for said in ("25 Nov 2026, 02:25 UTC", "- Support", "7xA2", "invalid x-api-key",
                 f"{chosen.address}/w/acme/provider-keys"):  # fmt: skip
        assert said in text


@given(st.text())
def test_no_fact_makes_a_line_of_its_own(hostile):
    facts = FACTS["invitation"] | {"workspace": hostile, "inviter": hostile}
    subject, text = emails.rendered("invitation", **facts)
    plain = emails.rendered("invitation", **FACTS["invitation"])[1]
    assert not set(subject) & set("\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\u202e")
    assert len(text.splitlines()) == len(plain.splitlines())


@on_both_databases
@pytest.mark.parametrize("name", ["Acme\r\nBcc: eve@example.com", "Größe 漢字 🎉", "x" * 400])
def test_no_name_becomes_a_header(app, post_office, send_email, name):
    office = post_office()
    send_email(f"smtp://127.0.0.1:{office.port}")
    delivery_id = add(workspace=name)
    sending.send(delivery_id)
    (taken,) = office.taken
    message = message_from_bytes(taken.content, policy=policy.default)
    assert taken.rcpt_tos == ["zoe@example.com"]
    assert message["Bcc"] is None
    assert message["Subject"].startswith("Ann invited you to " + name[:4])
    assert message["To"] == "zoe@example.com"
    assert message["Message-ID"].startswith(f"<{delivery_id}@")
    assert message["Auto-Submitted"] == "auto-generated"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    for part in message.iter_parts():
        assert "/invitations/mvi_x" in part.get_content()
    assert row(delivery_id).state == "arrived"


def test_without_a_server_the_mail_is_printed_whole_and_counts_as_arrived(app, capsys, logged):
    delivery_id = add()
    sending.send(delivery_id)
    printed = capsys.readouterr().out
    assert "Email to zoe@example.com" in printed
    assert "Subject: Ann invited you to Acme" in printed
    assert "/invitations/mvi_x" in printed
    assert "mvi_x" not in logged()
    assert row(delivery_id).state == "arrived"


def test_a_repeated_mail_has_the_same_message_id(app, post_office, send_email):
    office = post_office()
    office.refuse["DATA"] = "451 later"
    send_email(f"smtp://127.0.0.1:{office.port}")
    delivery_id = add()
    content = deliveries.content_of(row(delivery_id))
    first, second = (emails._message(row(delivery_id), content) for _ in range(2))
    assert first["Message-ID"] == second["Message-ID"]


@pytest.mark.parametrize(
    ("answer", "state"), [("550 5.1.1 no such zoe", "given_up"), ("451 4.7.1 later", "retrying")]
)
def test_a_refusal_is_on_the_row_and_in_no_log_with_an_address(
    app, post_office, send_email, logged, answer, state
):
    office = post_office()
    office.refuse["RCPT"] = answer
    send_email(f"smtp://127.0.0.1:{office.port}")
    delivery_id = add()
    sending.send(delivery_id)
    found = row(delivery_id)
    assert (found.state, found.last_error) == (
        state, f"The mail server refused the recipient ({answer[:9]}).",
    )  # fmt: skip
    assert "mail_failed" in logged()
    assert "zoe" not in logged()
    assert "mvi_x" not in logged()


def test_a_dead_server_is_tried_again_and_its_password_is_nowhere(app, send_email, logged):
    send_email(f"smtp://ann:hunter2hunter2@127.0.0.1:{free_port()}")
    delivery_id = add()
    sending.send(delivery_id)
    assert row(delivery_id).state == "retrying"
    assert "Connection refused" in row(delivery_id).last_error
    assert "hunter2" not in logged() + row(delivery_id).last_error


def test_an_address_with_other_letters_is_refused_where_the_server_knows_none(
    app, post_office, send_email
):
    office = post_office(enable_SMTPUTF8=False)
    send_email(f"smtp://127.0.0.1:{office.port}")
    delivery_id = add(to="zoë@example.com")
    sending.send(delivery_id)
    assert row(delivery_id).state == "given_up"
    assert "the characters in this address" in row(delivery_id).last_error
