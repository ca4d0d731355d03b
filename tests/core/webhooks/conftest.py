"""Webhooks are tested against the same receivers as the outbox."""

from tests.core.outbox.conftest import (  # noqa: F401
    post_office,
    private_webhooks,
    receiver,
    send_email,
    workspace,
)
