"""Webhooks are tested against the same receivers as the outbox."""

from tests.core.outbox.conftest import (  # noqa: F401
    mail_by,
    post_office,
    private_webhooks,
    receiver,
    workspace,
)
