"""A workspace's webhook: set with one secret, changed by people, switched off when it fails for long."""

import base64
from datetime import timedelta

import pytest

from core import clock
from core.accounts import audit
from core.db import session, transaction
from core.errors import Conflict, Invalid, NotFound
from core.outbox import deliveries
from core.outbox.models import EMAIL, Delivery
from core.secrets import vault
from core.webhooks import endpoints
from core.webhooks.endpoints import DISABLE_AFTER, DISABLE_AFTER_FAILURES
from core.webhooks.models import WEBHOOK, Webhook
from tests.core.outbox.conftest import ANN, row
from tests.databases import on_both_databases
from tests.people import make_cast, make_person, make_workspace
from tests.threads import at_once

URL = "https://hooks.example/mevichat"


def acts(workspace) -> list[str]:
    return [line.action for line in audit.lines_of(workspace.id, action="alert")][::-1]


def secret_of(workspace) -> str:
    session().commit()
    found = endpoints.find(workspace.id)
    return vault.open_sealed(found.sealed_secret, found.key_context)


def add(workspace) -> str | None:
    with transaction() as current:
        return endpoints.add(current, workspace.id, "key.broken", {"provider": "Anthropic"})


def fail(workspace, times: int = 1, gone: bool = False) -> list[str]:
    """So many calls of the webhook, as it is, that fail."""
    delivery_ids = []
    for _ in range(times):
        found = endpoints.find(workspace.id)
        with transaction() as current:
            delivery_ids += endpoints.record_failure(current, found, "It answered 500.", gone)
    return delivery_ids


def test_the_secret_is_shown_once_and_sealed(workspace):
    secret = endpoints.set_url(workspace.id, URL, ANN)
    assert secret.startswith("whsec_")
    assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"))) <= 64
    found = endpoints.find(workspace.id)
    assert (found.url, found.enabled, found.failures) == (URL, True, 0)
    assert secret not in found.sealed_secret
    assert secret_of(workspace) == secret
    assert endpoints.set_url(workspace.id, f"{URL}/2", ANN) is None
    assert (secret_of(workspace), endpoints.find(workspace.id).url) == (secret, f"{URL}/2")
    assert acts(workspace) == ["alert.webhook_set"] * 2
    assert all(secret not in str(line.details) for line in audit.lines_of(workspace.id))


def test_the_same_address_again_is_no_change(workspace):
    endpoints.set_url(workspace.id, URL, ANN)
    assert endpoints.set_url(workspace.id, f" {URL} ", ANN) is None
    assert len(acts(workspace)) == 1


@on_both_databases
def test_set_by_several_at_once_it_has_one_secret(workspace):
    secrets = at_once(4, lambda _: endpoints.set_url(workspace.id, URL, ANN))
    assert [secret for secret in secrets if secret] == [secret_of(workspace)]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Enter a full address"),
        ("hooks.example", "Enter a full address"),
        ("ftp://hooks.example/", "Enter a full address"),
        ("http://ann:pw@hooks.example/", "Remove the user name and password"),
        ("http://127.0.0.1/", "private network"),
        ("http://localhost:5000/", "private network"),
        ("http://169.254.169.254/latest/meta-data", "private network"),
        ("http://2130706433/", "host name in this address isn’t valid"),
        (f"https://hooks.example/{'x' * 500}", "at most 500 characters"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_with_the_mend(workspace, url, said):
    with pytest.raises(Invalid, match=said) as refusal:
        endpoints.set_url(workspace.id, url, ANN)
    assert refusal.value.field == "url"
    assert endpoints.find(workspace.id) is None
    assert not acts(workspace)


@pytest.mark.parametrize(("size", "fits"), [(499, True), (500, True), (501, False)])
def test_an_address_has_at_most_500_characters(workspace, size, fits):
    url = URL + "/" + "x" * (size - len(URL) - 1)
    if fits:
        assert endpoints.set_url(workspace.id, url, ANN)
    else:
        with pytest.raises(Invalid):
            endpoints.set_url(workspace.id, url, ANN)


@pytest.mark.usefixtures("private_webhooks")
def test_the_operator_may_let_webhooks_lead_to_this_machine(workspace):
    assert endpoints.set_url(workspace.id, "http://127.0.0.1:5000/", ANN)


def test_a_new_secret_replaces_the_old_one(workspace):
    first = endpoints.set_url(workspace.id, URL, ANN)
    second = endpoints.replace_secret(workspace.id, ANN)
    assert first != second
    assert secret_of(workspace) == second
    assert acts(workspace)[-1] == "alert.webhook_secret_replaced"


@on_both_databases
def test_the_switch_and_the_removal_end_what_waits(workspace):
    endpoints.set_url(workspace.id, URL, ANN)
    first = add(workspace)
    endpoints.set_enabled(workspace.id, False, ANN)
    endpoints.set_enabled(workspace.id, False, ANN)
    assert (row(first).state, row(first).sealed) == ("given_up", "")
    assert add(workspace) is None
    endpoints.set_enabled(workspace.id, True, ANN)
    second = add(workspace)
    endpoints.remove(workspace.id, ANN)
    endpoints.remove(workspace.id, ANN)
    assert row(second).last_error == "The webhook was removed before this was delivered."
    assert endpoints.find(workspace.id) is None
    assert add(workspace) is None
    assert acts(workspace) == [
        *("alert.webhook_set", "alert.webhook_disabled"),
        *("alert.webhook_enabled", "alert.webhook_removed"),
    ]


def test_what_there_is_not_cannot_be_changed(workspace):
    for change in (
        lambda: endpoints.replace_secret(workspace.id, ANN),
        lambda: endpoints.set_enabled(workspace.id, True, ANN),
    ):
        with pytest.raises(NotFound, match="Enter an address first"):
            change()
    with pytest.raises(Conflict, match="Enable it first"):
        endpoints.send_test(workspace, ANN)
    assert not acts(workspace)


def test_what_waits_goes_to_the_new_address(workspace):
    endpoints.set_url(workspace.id, URL, ANN)
    waiting = add(workspace)
    endpoints.set_url(workspace.id, f"{URL}/2", ANN)
    assert (row(waiting).state, row(waiting).recipient) == ("waiting", f"{URL}/2")


def test_the_audit_log_cannot_be_written_so_nothing_changes(workspace, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no log")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        endpoints.set_url(workspace.id, URL, ANN)
    assert endpoints.find(workspace.id) is None


@on_both_databases
@pytest.mark.parametrize(
    ("failures", "after", "off"),
    [
        (DISABLE_AFTER_FAILURES - 1, DISABLE_AFTER + timedelta(minutes=1), False),
        (DISABLE_AFTER_FAILURES, DISABLE_AFTER - timedelta(minutes=1), False),
        (DISABLE_AFTER_FAILURES, DISABLE_AFTER + timedelta(minutes=1), True),
        (DISABLE_AFTER_FAILURES + 1, DISABLE_AFTER + timedelta(minutes=1), True),
    ],
)
def test_ten_failures_in_a_row_for_more_than_an_hour_switch_it_off(
    app, shift_clock, failures, after, off
):
    cast = make_cast()
    endpoints.set_url(cast.workspace.id, URL, ANN)
    waiting = add(cast.workspace)
    assert not fail(cast.workspace, failures - 1)
    shift_clock(after)
    delivery_ids = fail(cast.workspace)
    assert endpoints.find(cast.workspace.id).enabled is not off
    assert (row(waiting).state == "given_up") is off
    recipients = {row(delivery_id).recipient for delivery_id in delivery_ids}
    assert recipients == ({"owner@example.com", "billing@example.com"} if off else set())
    assert ("alert.webhook_disabled" in acts(cast.workspace)) is off


def test_the_mail_says_why_it_was_switched_off_and_where_to_mend_it(app, chosen, shift_clock):
    cast = make_cast()
    endpoints.set_url(cast.workspace.id, URL, ANN)
    fail(cast.workspace, DISABLE_AFTER_FAILURES - 1)
    shift_clock(DISABLE_AFTER + timedelta(minutes=1))
    delivery_id, _ = fail(cast.workspace)
    content = deliveries.content_of(row(delivery_id))
    assert content["subject"] == "The webhook for Acme was disabled"
    for said in ("10 calls in a row failed", "hooks.example", "It answered 500.",
                 f"{chosen.address}/w/{cast.workspace.slug}/alerts"):  # fmt: skip
        assert said in content["text"]
    line = audit.lines_of(cast.workspace.id, action="alert.webhook_disabled")[0]
    assert line.actor == "Mevichat"


def test_one_success_begins_the_count_anew(workspace, shift_clock):
    endpoints.set_url(workspace.id, URL, ANN)
    fail(workspace, DISABLE_AFTER_FAILURES - 1)
    with transaction() as current:
        endpoints.record_success(current, endpoints.find(workspace.id))
    shift_clock(DISABLE_AFTER * 2)
    fail(workspace)
    found = endpoints.find(workspace.id)
    assert (found.failures, found.enabled) == (1, True)
    assert clock.now() - found.failing_since < timedelta(minutes=1)


def test_an_address_that_says_it_is_gone_is_switched_off_at_once(app):
    cast = make_cast()
    endpoints.set_url(cast.workspace.id, URL, ANN)
    delivery_ids = fail(cast.workspace, gone=True)
    assert not endpoints.find(cast.workspace.id).enabled
    assert "answered 410 Gone" in deliveries.content_of(row(delivery_ids[0]))["text"]


@on_both_databases
def test_it_is_switched_off_once_by_many_failures_at_the_same_time(app, shift_clock):
    cast = make_cast()
    endpoints.set_url(cast.workspace.id, URL, ANN)
    fail(cast.workspace, DISABLE_AFTER_FAILURES)
    shift_clock(DISABLE_AFTER + timedelta(minutes=1))
    at_once(6, lambda _: fail(cast.workspace))
    assert acts(cast.workspace).count("alert.webhook_disabled") == 1
    assert session().query(Delivery).filter_by(channel=EMAIL, event="webhook_off").count() == 2


def test_failures_of_an_earlier_address_count_for_nothing(workspace, shift_clock):
    endpoints.set_url(workspace.id, URL, ANN)
    called = endpoints.find(workspace.id)
    session().expunge(called)
    endpoints.set_url(workspace.id, f"{URL}/2", ANN)
    with transaction() as current:
        assert not endpoints.record_failure(current, called, "It answered 410.", gone=True)
    found = endpoints.find(workspace.id)
    assert (found.enabled, found.failures) == (True, 0)


def test_another_workspaces_webhook_stays_as_it_is(workspace):
    other = make_workspace(make_person("bob"), "Other", "pro")
    for each in (workspace, other):
        endpoints.set_url(each.id, URL, ANN)
    theirs = add(other)
    endpoints.remove(workspace.id, ANN)
    assert row(theirs).state == "waiting"
    assert endpoints.find(other.id).enabled


def test_a_call_tells_what_happened_when(workspace):
    endpoints.set_url(workspace.id, URL, ANN)
    delivery = row(add(workspace))
    content = deliveries.content_of(delivery)
    assert (content["type"], content["data"]) == ("key.broken", {"provider": "Anthropic"})
    assert content["timestamp"].endswith("+00:00")
    assert (delivery.channel, delivery.event, delivery.recipient) == (WEBHOOK, "key.broken", URL)


def test_the_secret_of_one_workspace_does_not_open_for_another(workspace):
    other = make_workspace(make_person("bob"), "Other", "pro")
    endpoints.set_url(workspace.id, URL, ANN)
    with pytest.raises(Exception, match="can’t be decrypted"):
        vault.open_sealed(
            endpoints.find(workspace.id).sealed_secret, Webhook(workspace_id=other.id).key_context
        )
