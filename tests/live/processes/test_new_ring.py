"""A new ring key while the service runs: every key moves, nobody's request fails, the old one can go.

The move is killed again and again. `--soak` does it with 10,000 keys and ten kills.
"""

import random
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select

from app import create_app
from core import clock
from core.accounts.models import Workspace
from core.db import db, session, transaction
from core.ids import new_id
from core.keys.models import ProviderKey
from core.secrets import vault
from tests import marker
from tests.bot_client import make_bot, make_key
from tests.core.secrets.test_vault import ring_key
from tests.live.children import ROOT
from tests.live.product import LiveProduct
from tests.live.visitor import Visitor
from tests.people import make_person, make_workspace
from tests.providers import LoopbackProvider

MODEL = "anthropic:claude-haiku-4-5"
TALKERS = 4


@pytest.fixture
def size(request) -> tuple[int, int]:
    """How many keys, how many kills."""
    return (10_000, 10) if request.config.getoption("--soak") else (500, 3)


def settings_of(tmp_path, provider, *ring):
    return {
        "encryption_keys": ",".join(ring),
        "web_processes": 2,
        "anthropic_base_url": provider.anthropic_base_url,
        "mini_base_url": provider.openai_base_url,
    }


def fill(workspaces_count: int) -> None:
    """So many more workspaces with a key each, sealed as the product seals them."""
    now = clock.now()
    rows = [
        {"id": new_id("wsp"), "slug": f"w-{n}", "name": f"W{n}", "kind": "organization",
         "plan_key": "pro", "created_at": now}
        for n in range(workspaces_count)
    ]  # fmt: skip
    newest = vault.ring_key_names()[0]
    keys = [
        {"id": new_id("key"), "workspace_id": row["id"], "provider": "anthropic", "version": 1,
         "sealed": vault.seal(f"sk-ant-api03-{row['id']}", vault.provider_key_context(row["id"], "anthropic")),
         "mask": "sk-ant-api03-••••••••7xA2", "fingerprint": row["id"], "saved_by_check": row["id"],
         "ring_key": newest, "added_by": "Ann", "status": "valid", "enabled": True,
         "status_since": now, "added_at": now}
        for row in rows
    ]  # fmt: skip
    with transaction() as current:
        current.execute(insert(Workspace), rows)
        current.execute(insert(ProviderKey), keys)


class Traffic:
    """Visitors who ask without a pause, each in one conversation, and what they were told."""

    def __init__(self, product: LiveProduct, bots: list[str]) -> None:
        self.statuses: list[int] = []
        self._stop = threading.Event()
        self._visitors = [Visitor(product.port, bot) for bot in bots]

    def __enter__(self):
        self._crowd = ThreadPoolExecutor(len(self._visitors))
        self._running = [self._crowd.submit(self._talk, visitor) for visitor in self._visitors]
        return self

    def __exit__(self, *_):
        self._stop.set()
        for talk in self._running:
            talk.result()
        self._crowd.shutdown()

    def _talk(self, visitor: Visitor) -> None:
        while not self._stop.is_set():
            self.statuses.append(visitor.ask("Hello")[0])


def killed_after(product: LiveProduct, seconds: float) -> bool:
    """Starts the command and kills it after so long; whether it had come to its end before."""
    command = [
        ROOT / ".venv" / "bin" / "python",
        "-m",
        "flask",
        "--app",
        "app",
        "keys",
        "reencrypt",
    ]
    running = subprocess.Popen(
        command, cwd=ROOT, env=product.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        assert running.stderr is not None
        running.stderr.readline()  # the first batch is done
        time.sleep(seconds)
    finally:
        running.kill()
        running.communicate()
    return running.returncode == 0


def moved() -> int:
    session().commit()
    newest = vault.ring_key_names()[0]
    return session().scalar(
        select(func.count()).select_from(ProviderKey).where(ProviderKey.ring_key == newest)
    )


@pytest.mark.xdist_group("products")
def test_all_keys_move_to_a_new_ring_key_under_traffic_and_kills(tmp_path, size):
    count, kills = size
    old, new = ring_key(), ring_key()
    with LoopbackProvider() as provider:
        provider.accept(*(marker.anthropic_key(f"tal{n}") for n in range(TALKERS)))
        before = settings_of(tmp_path, provider, old)
        with LiveProduct(tmp_path, ("web",), **before) as product:
            app = create_app(product.settings)
            with app.app_context():
                workspaces = [
                    make_workspace(make_person(f"p{n}"), f"Talk {n}", "pro") for n in range(TALKERS)
                ]
                bots = []
                for number, workspace in enumerate(workspaces):
                    make_key(workspace, secret=marker.anthropic_key(f"tal{number}"))
                    bots.append(make_bot(workspace, MODEL).id)
                fill(count)
                db.session.remove()
                db.engine.dispose()
        with LiveProduct(
            tmp_path, ("web",), **settings_of(tmp_path, provider, new, old)
        ) as product:
            app = create_app(product.settings)
            with app.app_context(), Traffic(product, bots) as traffic:
                chance, progress = random.Random(7), [moved()]
                for _ in range(kills):
                    ended = killed_after(product, chance.uniform(0, 0.9 * count / 10_000))
                    progress.append(moved())
                    if ended:
                        break
                output = product.flask("keys", "reencrypt")
                assert progress == sorted(progress)
                assert any(0 < done < count for done in progress), (
                    f"no kill fell into a run: {progress}"
                )
                assert re.match(r"\d+ re-encrypted", output)
                assert moved() == count + TALKERS
                assert "0 re-encrypted" in product.flask("keys", "reencrypt")
                db.session.remove()
                db.engine.dispose()
            assert set(traffic.statuses) == {200}
            assert len(traffic.statuses) > 20
        with LiveProduct(tmp_path, ("web",), **settings_of(tmp_path, provider, new)) as product:
            answered = {Visitor(product.port, bot).ask("Still there?")[0] for bot in bots}
            assert answered == {200}
            examined = product.flask_says("keys", "doctor")
            assert f"{count + TALKERS} keys use the newest ring key" in examined
            assert "can’t be decrypted" not in examined
            assert "in order" in product.flask("audit", "verify") or "ok" in product.flask(
                "audit", "verify"
            )


@pytest.mark.xdist_group("live-2")
def test_a_row_copied_to_another_workspace_does_not_open_and_its_page_says_so(live, inside, owner):
    from tests.live.member import Member

    victim = make_workspace(make_person(new_id("x")), "Victim", "pro")
    mine = make_workspace(owner, "Mine", "pro")
    stolen, row = make_key(victim), make_key(mine, secret=marker.anthropic_key("MINE"))
    with transaction() as current:
        current.query(ProviderKey).filter_by(id=row.id).update({"sealed": stolen.sealed})
    status, _ = Visitor(live.port, make_bot(mine, MODEL).id).ask("Hello")
    assert status == 503
    page = Member(live, owner.email).get(f"/w/{mine.slug}/provider-keys")
    assert "Enter it again with Replace" in page
