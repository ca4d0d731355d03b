"""What the tests stand on: a real Redis, a real database each, a provider on loopback, the cast."""

import io
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask_migrate import upgrade
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker

from app import create_app
from core import clock, configuration, db, queue
from core.accounts import people
from core.bots.answers import answer_task
from core.errors import SettingsError
from core.gateway.request_log import writer as gateway_requests
from core.settings import Settings
from tests import marker
from tests.application import build_once, shared_app
from tests.application.cast_database import CastDatabase
from tests.browser import Browser
from tests.databases import Postgres, running_postgres, sqlite_copy
from tests.people import Cast, find_cast, make_cast
from tests.providers import LoopbackProvider
from web.cli import migrations

ROOT = Path(__file__).parent.parent
SWEPT = "swept-for-the-marker"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true", help="the long forms: more of all, as bin/soak")


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A DATA_DIR with the embedded Redis running in it, for all tests of this process."""
    folder = tmp_path_factory.mktemp(SWEPT)
    log = (folder / "redis.log").open("wb")
    redis = subprocess.Popen(
        [ROOT / "bin" / "redis"], env=os.environ | {"DATA_DIR": str(folder)}, stdout=log, stderr=log
    )
    try:
        _wait_for_redis(folder)
        yield folder
        assert not list(marker.in_redis(Redis.from_url(_redis_address(folder)))), (
            "a key is in Redis"
        )
    finally:
        redis.terminate()
        redis.wait(20)
    assert not list(marker.in_files(folder)), "a key is in a file"


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> None:
    """Argon2 at its cheapest: its cost is its point, and every test signs somebody up."""
    people._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def quick_applications() -> None:
    """Every test has an application of its own: what is the same in all of them is made by the first."""
    build_once.build_rules_once()


@pytest.fixture(scope="session")
def migrated(data_dir: Path) -> Path:
    """An empty SQLite database with every migration run, to be copied for each test."""
    path = data_dir / "migrated.db"
    app = create_app(make_settings(data_dir, database_url=f"sqlite:///{path}"))
    with app.app_context():
        migrations.prepare(app)
        upgrade()
        db.db.engine.dispose()
    return path


@pytest.fixture
def provider() -> Iterator[LoopbackProvider]:
    with LoopbackProvider() as running:
        running.accept(marker.anthropic_key())
        running.accept(marker.openai_key())
        running.accept_bedrock(marker.bedrock_key())
        yield running


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[Postgres]:
    """A PostgreSQL with every migration run, for all tests of this process that ask for it."""
    with running_postgres() as running:
        app = create_app(make_settings(data_dir, database_url=running.url))
        with app.app_context():
            migrations.prepare(app)
            upgrade()
            db.db.engine.dispose()
        yield running


@pytest.fixture(scope="session")
def with_cast(data_dir: Path, migrated: Path) -> CastDatabase:
    """The same with the cast in it."""
    return CastDatabase(data_dir, migrated, lambda url: make_settings(data_dir, database_url=url))


@pytest.fixture
def database_url(request: pytest.FixtureRequest, data_dir: Path, migrated: Path) -> str:
    """An empty database: SQLite, or what `on_both_databases` says. Of a test with the cast: with that in it."""
    if getattr(request, "param", "sqlite") == "postgres":
        running: Postgres = request.getfixturevalue("postgres")
        return running.emptied()
    if "cast" in request.fixturenames:
        made: CastDatabase = request.getfixturevalue("with_cast")
        return sqlite_copy(data_dir, made.path())
    return sqlite_copy(data_dir, migrated)


@pytest.fixture
def chosen(data_dir: Path, database_url: str, provider: LoopbackProvider) -> Settings:
    """The settings of a test, with a database of its own."""
    return make_settings(
        data_dir,
        database_url=database_url,
        anthropic_base_url=provider.anthropic_base_url,
        openai_base_url=provider.openai_base_url,
        bedrock_base_url=provider.url,
        mistral_base_url=provider.openai_base_url,
        codestral_base_url=provider.openai_base_url,
        minimax_base_url=provider.openai_base_url,
        mini_base_url=provider.openai_base_url,
        mini_api_key=marker.openai_key(),
    )


@pytest.fixture
def app(request: pytest.FixtureRequest, chosen: Settings, data_dir: Path) -> Iterator[Flask]:
    """The application, with its context pushed: tests may call core directly."""
    own = request.node.get_closest_marker("own_app") is not None
    if own:
        shared_app.forget()
    made = shared_app.application(chosen)
    logging.getLogger().addHandler(_log_file(data_dir))
    queue.redis_connection().flushdb()
    with made.app_context():
        build_once.compile_statements_once(db.db.engine)
        yield made
        answer_task.drain(timeout_seconds=20)
        gateway_requests.flush()
        db.db.session.remove()
        db.db.engine.dispose()
    clock.shift(clock.timedelta())
    if own:
        shared_app.forget()


@pytest.fixture
def cast(app: Flask) -> Cast:
    return find_cast() or make_cast()


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


@pytest.fixture
def signed_in(app: Flask, cast: Cast) -> Callable[[str], Browser]:
    """`signed_in("owner")`: a browser of that member of the cast."""
    return lambda name: Browser(app).sign_in(cast[name])


@pytest.fixture
def logged(app: Flask) -> Callable[[], str]:
    """`logged()`: all that this process wrote to its logs since the test began."""
    written = io.StringIO()
    for logger in (logging.getLogger(), logging.getLogger("rq.worker")):
        for handler in logger.handlers:
            if isinstance(handler, logging.StreamHandler):
                handler.setStream(written)
    return written.getvalue


@pytest.fixture
def shift_clock(app: Flask) -> Callable[[clock.timedelta], None]:
    """`shift_clock(timedelta(days=8))`: it is that much later than it is, until the test ends."""
    return clock.shift


@pytest.fixture
def run_jobs(app: Flask) -> Callable[[], None]:
    """Runs every queued job in a real RQ worker (without forking), as the worker process would."""

    def run() -> None:
        connection = queue.redis_connection()
        queues = [
            Queue(
                name, connection=connection, serializer=queue.SERIALIZER, job_class=queue.AllowedJob
            )
            for name in (queue.CHECKS, queue.DEFAULT, queue.KNOWLEDGE)
        ]
        worker = SimpleWorker(
            queues, connection=connection, serializer=queue.SERIALIZER, job_class=queue.AllowedJob
        )
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with db.work_context():
            worker.work(burst=True, logging_level="WARNING")
        for number, handler in handlers.items():
            signal.signal(number, handler)

    return run


def make_settings(data_dir: Path, **values: str) -> Settings:
    """Settings as the environment would give them, on the house's Redis and nothing of this machine's."""
    environ = {"DATA_DIR": str(data_dir), "SIGN_IN_LIMIT": "10000 per minute", "LOG_LEVEL": "info"}
    environ |= {name.upper(): value for name, value in values.items()}
    return configuration.read(environ)


def _log_file(data_dir: Path) -> logging.Handler:
    """What the application logs, kept in the folder that is swept for the marker."""
    handler = logging.FileHandler(data_dir / "app.log")
    handler.setFormatter(logging.getLogger().handlers[0].formatter)
    return handler


def _redis_address(folder: Path) -> str:
    return make_settings(folder).redis_address


def _wait_for_redis(folder: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if Redis.from_url(_redis_address(folder)).ping():
                return
        except (RedisError, SettingsError):
            time.sleep(0.05)
    raise RuntimeError("the embedded Redis did not start")
