"""Every command before the product ran: one sentence that says what to do, and no traceback."""

import pytest

from app import create_app
from core import queue

COMMANDS = [
    ("balance", "show", "acme"), ("balance", "add", "acme", "5"), ("tokens", "list", "acme"),
    ("tokens", "create", "acme", "a@example.com", "--name", "x"), ("tokens", "revoke", "acme", "gwt_0"),
    ("people", "create", "a@example.com"), ("people", "set-password", "a@example.com"),
    ("people", "reset-second-factor", "a@example.com"), ("workspaces", "set-plan", "acme", "pro"),
    ("workspaces", "create", "Acme", "--owner", "a@example.com"), ("keys", "doctor"),
    ("bots", "create", "acme", "--name", "x"), ("audit", "verify"), ("keys", "reencrypt"), ("seed",),
]  # fmt: skip


@pytest.fixture
def empty(data_dir, tmp_path, chosen):
    """The product on a database without a table."""
    settings = chosen.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'empty.db'}"})
    yield create_app(settings)
    queue.configure(chosen.redis_address)


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_says_what_to_do_first(empty, arguments):
    with empty.app_context():  # as bin/flask gives to every command
        ended = empty.test_cli_runner().invoke(args=arguments, input="a-long-passphrase\n")
    assert ended.exit_code == 1 and isinstance(ended.exception, SystemExit), ended.exception
    assert "bin/run" in ended.stderr and ended.stderr.count("\n") == 1


def test_a_database_that_cannot_be_reached_has_a_sentence_too(chosen, tmp_path):
    settings = chosen.model_copy(update={"database_url": f"sqlite:///{tmp_path}"})
    ended = create_app(settings).test_cli_runner().invoke(args=["balance", "show", "acme"])
    queue.configure(chosen.redis_address)
    assert ended.exit_code == 1 and "Check DATABASE_URL" in ended.stderr


def test_every_command_is_in_the_table(app):
    there = {
        (name, *((inner,) if inner else ()))
        for name, command in app.cli.commands.items()
        for inner in getattr(command, "commands", None) or [""]
        if name != "db"
    }
    needs_a_file_or_secret = {
        ("backup",),
        ("restore",),
        ("keys", "add"),
        ("keys", "mark-subscription"),
    }
    assert there - needs_a_file_or_secret == {
        one[: 2 if one != ("seed",) else 1] for one in COMMANDS
    }
