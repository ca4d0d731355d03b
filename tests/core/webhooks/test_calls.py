"""Calls of a webhook over real sockets: signed as the standard says, judged by their status, within limits."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import timedelta

import pytest

from core import clock
from core.db import transaction
from core.outbox import sending
from core.secrets import vault
from core.webhooks import calls, endpoints
from core.webhooks.calls import judged
from tests.core.outbox.conftest import ANN, free_port, row
from tests.core.secrets.test_vault import ring_key
from tests.databases import on_both_databases
from tests.threads import at_once

pytestmark = pytest.mark.usefixtures("private_webhooks")
DATA = {"provider": "Anthropic", "bots": ["Grüße"]}


@pytest.fixture
def secret(workspace, receiver) -> str:
    """The webhook leads to the receiver; its secret."""
    return endpoints.set_url(workspace.id, receiver.url, ANN)


def add(workspace) -> str:
    with transaction() as current:
        return endpoints.add(current, workspace.id, "key.broken", DATA)


def sent(workspace, times: int = 1):
    """A call and the row of it afterwards."""
    delivery_id = add(workspace)
    sending.send(delivery_id)
    return row(delivery_id)


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver would, by the text of standardwebhooks.com and nothing of ours."""
    key = base64.b64decode(secret.split("_", 1)[1])
    message = b".".join(
        [headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body]
    )
    expected = base64.b64encode(hmac.digest(key, message, hashlib.sha256)).decode()
    signatures = [part.split(",", 1) for part in headers["webhook-signature"].split(" ")]
    return any(
        version == "v1" and hmac.compare_digest(text, expected) for version, text in signatures
    )


def test_the_standards_own_example_is_signed_alike():
    """The example of the Standard Webhooks reference libraries."""
    headers = calls.signatures.headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_call_arrives_and_its_signature_holds(workspace, receiver, secret):
    delivery = sent(workspace)
    (call,) = receiver.calls
    assert verified(secret, call.headers, call.body)
    assert not verified(secret, call.headers, call.body + b" ")
    assert not verified(secret, call.headers | {"webhook-id": "dlv_other"}, call.body)
    assert call.headers["webhook-id"] == delivery.id
    assert abs(int(call.headers["webhook-timestamp"]) - clock.now().timestamp()) < 5
    assert call.headers["content-type"] == "application/json"
    body = json.loads(call.body)
    assert (body["type"], body["data"]) == ("key.broken", DATA)
    assert (delivery.state, delivery.last_status, delivery.sealed) == ("arrived", 204, "")


def test_each_try_is_the_same_message_signed_at_its_own_time(
    workspace, receiver, secret, shift_clock
):
    receiver.answers = [(500, {}), (200, {})]
    delivery = sent(workspace)
    assert (delivery.state, delivery.last_status) == ("retrying", 500)
    shift_clock(timedelta(seconds=10))
    sending.send(delivery.id)
    first, second = receiver.calls
    assert (first.body, first.headers["webhook-id"]) == (second.body, second.headers["webhook-id"])
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert verified(secret, second.headers, second.body)
    assert row(delivery.id).state == "arrived"
    assert endpoints.find(workspace.id).failures == 0


def test_a_new_secret_signs_from_the_next_try_on(workspace, receiver, secret):
    new = endpoints.replace_secret(workspace.id, ANN)
    sent(workspace)
    call = receiver.calls[0]
    assert verified(new, call.headers, call.body)
    assert not verified(secret, call.headers, call.body)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (200, ""), (202, ""), (204, ""), (299, ""),
        (199, "It answered 199."), (301, "redirect"), (308, "redirect"), (400, "It answered 400."),
        (401, "It answered 401."), (410, "Gone"), (429, "It answered 429."), (503, "It answered 503."),
    ],
)  # fmt: skip
def test_what_a_status_means(status, error):
    answer = judged(status)
    assert answer.status == status
    assert error in answer.error
    assert bool(answer.error) == bool(error)


def test_no_redirect_is_followed(workspace, receiver, secret):
    receiver.answers = [(307, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})]
    delivery = sent(workspace)
    assert [call.path for call in receiver.calls] == ["/hook"]
    assert (delivery.state, delivery.last_status) == ("retrying", 307)


def test_a_410_ends_the_call_and_the_webhook(workspace, receiver, secret):
    receiver.answers = [(410, {})]
    delivery = sent(workspace)
    assert (delivery.state, delivery.last_status) == ("given_up", 410)
    assert not endpoints.find(workspace.id).enabled


def test_a_test_is_tried_once(workspace, receiver, secret):
    receiver.answers = [(500, {})]
    delivery_id = endpoints.send_test(workspace, ANN)
    sending.send(delivery_id)
    assert (row(delivery_id).state, row(delivery_id).last_error) == (
        "given_up", "It answered 500.",
    )  # fmt: skip
    body = json.loads(receiver.calls[0].body)
    assert (body["type"], body["data"]["sent_by"]) == ("test", "Ann")


def test_a_dead_receiver_is_tried_again(workspace):
    endpoints.set_url(workspace.id, f"http://127.0.0.1:{free_port()}/", ANN)
    delivery = sent(workspace)
    assert (delivery.state, delivery.last_status) == ("retrying", None)
    assert "Connection refused" in delivery.last_error
    assert endpoints.find(workspace.id).failures == 1


def test_a_receiver_that_never_answers_is_waited_for_seven_seconds():
    limits = calls.LIMITS
    assert limits.total_seconds == 7
    assert max(limits.connect_seconds, limits.first_byte_seconds, limits.stall_seconds) <= 7


@pytest.mark.parametrize("words", [b"", b"HTTP/1.1 200 OK\r\nx: ", b"HTTP/1.1 "])
def test_a_silent_receiver_ends_as_took_too_long(workspace, monkeypatch, words):
    monkeypatch.setattr(calls, "LIMITS", calls.Timeouts(0.3, 0.3, 0.3, 0.5))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoints.set_url(workspace.id, f"http://127.0.0.1:{listener.getsockname()[1]}/", ANN)
        threading.Thread(target=_say_and_hold, args=(listener, words), daemon=True).start()
        began = time.monotonic()
        delivery = sent(workspace)
    assert time.monotonic() - began < 10
    assert delivery.state == "retrying"
    assert "0.3 s" in delivery.last_error


def _say_and_hold(listener, words):
    try:
        connection, _ = listener.accept()
        connection.sendall(words)
        time.sleep(30)
    except OSError:
        pass


def test_an_endless_answer_counts_by_its_status_and_is_not_read(workspace):
    """A receiver may not fill our memory, nor hold us."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        endpoints.set_url(workspace.id, f"http://127.0.0.1:{listener.getsockname()[1]}/", ANN)
        written = []
        thread = threading.Thread(target=_endless, args=(listener, written), daemon=True)
        thread.start()
        began = time.monotonic()
        assert sent(workspace).state == "arrived"
        assert time.monotonic() - began < 5  # it has seven for the whole call
        thread.join(5)
    assert sum(written) < 20_000_000


def _endless(listener, written):
    connection, _ = listener.accept()
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    try:
        while True:
            written.append(connection.send(b"x" * 65536))
    except OSError:
        pass


@on_both_databases
def test_of_eight_workers_with_the_same_call_one_makes_it(workspace, receiver, secret):
    delivery_id = add(workspace)
    assert at_once(8, lambda _: sending.send(delivery_id)) == [None] * 8
    assert len(receiver.calls) == 1
    assert (row(delivery_id).state, row(delivery_id).attempts) == ("arrived", 1)


def test_without_the_operators_leave_a_private_address_is_not_called(
    workspace, receiver, secret, chosen
):
    """It was set while that was allowed, or its name leads there by now."""
    endpoints.configure(chosen)
    delivery = sent(workspace)
    assert receiver.calls == []
    assert (delivery.state, delivery.last_status) == ("retrying", None)
    assert "private network" in delivery.last_error


def test_a_webhook_that_was_switched_off_meanwhile_is_not_called(workspace, receiver, secret):
    delivery_id = add(workspace)
    endpoints.set_enabled(workspace.id, False, ANN)
    sending.send(delivery_id)
    assert receiver.calls == []
    assert row(delivery_id).state == "given_up"


def test_a_secret_that_no_ring_key_opens_is_told_and_nothing_goes_out_unsigned(
    workspace, receiver, secret
):
    before = list(vault._ring)
    try:
        vault._ring.insert(0, bytes(32))
        delivery_id = add(workspace)
        new_ring = [vault._ring[0]]
        vault._ring[:] = new_ring  # the old key is gone; what was sealed since still opens
        sending.send(delivery_id)
    finally:
        vault._ring[:] = before
    assert receiver.calls == []
    assert (row(delivery_id).state, row(delivery_id).last_error) == ("given_up", calls.NO_SECRET)
    assert ring_key()


def test_no_secret_is_in_any_log(workspace, receiver, secret, logged):
    receiver.answers = [(500, {})]
    sent(workspace)
    endpoints.replace_secret(workspace.id, ANN)
    assert secret.removeprefix("whsec_") not in logged()
    assert "whsec_" not in logged()
