import stat

import pytest

from core import settings
from core.errors import Conflict, Invalid
from core.operations import backup


@pytest.fixture
def written(chosen, app, tmp_path):
    """A deployment of its own with one person, and its backup."""
    from flask_migrate import upgrade

    from app import create_app
    from tests.people import make_person
    from web.cli import migrations

    source = settings.read(
        {"DATA_DIR": str(tmp_path / "source"), "REDIS_URL": chosen.redis_address}
    )
    made = create_app(source)
    migrations.prepare(made)
    with made.app_context():
        upgrade()
        make_person("rita")
        backup.write(source, tmp_path / "backup.tar.gz")
    return source, tmp_path / "backup.tar.gz"


def test_a_restored_backup_has_the_people_and_opens_the_keys(written, chosen, tmp_path):
    from app import create_app
    from core.accounts import people

    source, file = written
    target = settings.read({"DATA_DIR": str(tmp_path / "new"), "REDIS_URL": chosen.redis_address})
    backup.restore(target, file)
    restored = settings.read({"DATA_DIR": str(tmp_path / "new"), "REDIS_URL": chosen.redis_address})
    assert restored.encryption_keys == source.encryption_keys
    with create_app(restored).app_context():
        assert people.find("rita@example.com")


def test_a_backup_is_for_its_owner_alone(written):
    assert stat.S_IMODE(written[1].stat().st_mode) == 0o600


def test_nothing_is_overwritten(written):
    source, file = written
    with pytest.raises(Conflict):
        backup.write(source, file)
    with pytest.raises(Conflict):
        backup.restore(source, file)


def test_what_is_no_backup_says_so(written, tmp_path):
    empty = settings.read({"DATA_DIR": str(tmp_path / "empty")})
    (tmp_path / "junk").write_text("junk")
    for name in ("junk", "missing"):
        with pytest.raises(Invalid, match="can’t be read as a backup"):
            backup.restore(empty, tmp_path / name)


def test_postgresql_has_its_own_tools(tmp_path):
    elsewhere = settings.read(
        {"DATA_DIR": str(tmp_path), "DATABASE_URL": "postgresql://db/mevichat"}
    )
    with pytest.raises(Invalid, match="pg_dump"):
        backup.write(elsewhere, tmp_path / "x")
