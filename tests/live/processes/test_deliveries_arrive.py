"""What leaves the house, by the processes as the Procfile starts them: a mail and a signed call arrive."""

import signal

import pytest
from aiosmtpd.controller import Controller

from app import create_app
from core.accounts import invitations
from core.accounts.actor import OPERATOR
from core.accounts.roles import Role
from core.db import db, session
from core.outbox.models import Delivery
from core.webhooks import endpoints
from tests.core.outbox.conftest import PostOffice, Receiver, free_port
from tests.core.webhooks.test_calls import verified
from tests.live.children import until
from tests.live.product import LiveProduct
from tests.people import make_person, make_workspace

pytestmark = pytest.mark.xdist_group("products")

AT_ONCE_SECONDS = 15
WITH_THE_SCHEDULE_SECONDS = 45


@pytest.fixture(scope="module")
def office():
    made = PostOffice(free_port())
    controller = Controller(made, hostname="127.0.0.1", port=made.port)
    controller.start()
    yield made
    controller.stop()


@pytest.fixture(scope="module")
def receiver():
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="module")
def product(tmp_path_factory, office):
    with LiveProduct(
        tmp_path_factory.mktemp("deliveries"),
        ("web", "jobs", "schedule"),
        web_processes=1,
        smtp_url=f"smtp://127.0.0.1:{office.port}",
        private_webhooks="true",
    ) as running:
        yield running


@pytest.fixture
def workspace(product):
    app = create_app(product.settings)
    with app.app_context():
        yield make_workspace(make_person("olga"), "Acme", "pro")
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_a_mail_and_a_signed_call_arrive_and_so_does_what_redis_lost(
    product, workspace, office, receiver
):
    secret_key = product.settings.secret_key.get_secret_value()
    invitations.invite(workspace, "zoe@example.com", Role.ADMIN, OPERATOR, secret_key)
    until(lambda: office.taken, AT_ONCE_SECONDS, "a mail")
    assert office.taken[0].rcpt_tos == ["zoe@example.com"]

    secret = endpoints.set_url(workspace.id, receiver.url, OPERATOR)
    endpoints.send_test(workspace, OPERATOR)
    until(lambda: receiver.calls, AT_ONCE_SECONDS, "a call")
    call = receiver.calls[0]
    assert verified(secret, call.headers, call.body)

    product["jobs"].tell_group(signal.SIGSTOP)  # it takes nothing while Redis forgets
    endpoints.send_test(workspace, OPERATOR)
    product.redis.flushdb()
    product["jobs"].tell_group(signal.SIGCONT)
    until(lambda: len(receiver.calls) > 1, WITH_THE_SCHEDULE_SECONDS, "what Redis had lost")
    until(_all_arrived, AT_ONCE_SECONDS, "the end of all")
    assert (len(receiver.calls), len(office.taken)) == (2, 1)


def _all_arrived() -> bool:
    session().commit()
    return all(
        delivery.state == "arrived"
        for delivery in session().query(Delivery).execution_options(populate_existing=True)
    )
