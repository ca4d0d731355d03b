import base64
import os
import stat

import pytest

from core import configuration, settings
from core.errors import SettingsError
from tests import marker


def ring_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def production(tmp_path, **values):
    environ = {
        "ENVIRONMENT": "production",
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "s3cret-" + base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "ENCRYPTION_KEYS": ring_key(),
        "REDIS_URL": "redis://localhost/0",
    }
    return {name: value for name, value in (environ | values).items() if value is not None}


def test_nothing_set_makes_secrets_once_and_keeps_them_private(tmp_path):
    first = settings.read({"DATA_DIR": str(tmp_path)})
    second = settings.read({"DATA_DIR": str(tmp_path)})
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    for path in (tmp_path / "secrets").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_production_takes_a_full_environment(tmp_path):
    assert settings.read(production(tmp_path)).production


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SECRET_KEY", None, "SECRET_KEY must be at least 32"),
        ("SECRET_KEY", "short", "SECRET_KEY must be at least 32"),
        ("SECRET_KEY", "a" * 64, "SECRET_KEY must be at least 32"),
        ("ENCRYPTION_KEYS", None, "ENCRYPTION_KEYS must hold at least one key"),
        ("ENCRYPTION_KEYS", "not base64!", "Each of ENCRYPTION_KEYS"),
        (
            "ENCRYPTION_KEYS",
            base64.urlsafe_b64encode(b"\0" * 32).decode(),
            "Each of ENCRYPTION_KEYS",
        ),
        ("PORT", "eighty", "PORT cannot be used"),
        ("PORT", "0", "PORT cannot be used"),
        ("ENVIRONMENT", "staging", "ENVIRONMENT cannot be used"),
        ("PUBLIC_URL", "example.com", "PUBLIC_URL cannot be used"),
        ("OPENAI_BASE_URL", "ftp://example.com", "OPENAI_BASE_URL must be an address"),
        ("MINI_API_KEY_FILE", "/does/not/exist", "MINI_API_KEY_FILE names"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(tmp_path, name, value, says):
    with pytest.raises(SettingsError, match=says):
        configuration.read(production(tmp_path, **{name: value}))


def test_another_programs_variables_of_the_same_shape_are_not_read(tmp_path):
    others = {
        "OTHER_BASE_URL": "/app",
        "OTHER_PLATFORM_KEY": "two words",
        "APP_BASE_URL_FILE": "/no",
    }
    read = configuration.read(
        production(tmp_path, OPENAI_BASE_URL="http://localhost:1/v1", **others)
    )
    assert read.provider_base_urls == {"openai": "http://localhost:1/v1"}
    assert read.platform_keys == {}


def test_a_refusal_never_shows_the_value(tmp_path):
    with pytest.raises(SettingsError) as refusal:
        settings.read(production(tmp_path, ENCRYPTION_KEYS="hunter2hunter2hunter2"))
    assert "hunter2" not in refusal.value.message


def test_one_secret_may_not_serve_twice(tmp_path):
    key = ring_key()
    with pytest.raises(SettingsError, match="must all differ"):
        settings.read(production(tmp_path, ENCRYPTION_KEYS=f"{key},{key}"))
    with pytest.raises(SettingsError, match="must all differ"):
        settings.read(production(tmp_path, ENCRYPTION_KEYS=key, SECRET_KEY=key))


def test_a_setting_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from-a-file\n")
    read = settings.read(production(tmp_path, MINI_API_KEY_FILE=str(tmp_path / "key")))
    assert read.mini_api_key.get_secret_value() == "from-a-file"


def test_secrets_are_not_in_the_repr(tmp_path):
    read = settings.read(production(tmp_path, MINI_API_KEY="mini-secret"))
    shown = repr(read)
    assert "mini-secret" not in shown
    assert read.secret_key.get_secret_value() not in shown


def test_an_unwritable_data_dir_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="DATA_DIR"):
        settings.read({"DATA_DIR": str(tmp_path / "file")})


def test_the_operators_key_for_aws_is_json_and_nothing_of_a_wrong_one_is_said(tmp_path):
    good = marker.bedrock_key()
    found = configuration.read({"DATA_DIR": str(tmp_path), "BEDROCK_PLATFORM_KEY": good})
    assert found.platform_keys["bedrock"].get_secret_value() == good
    for wrong in (good.replace("us-east-1", "evil.example/"), good[1:], marker.openai_key()):
        with pytest.raises(SettingsError, match="BEDROCK_PLATFORM_KEY") as caught:
            configuration.read({"DATA_DIR": str(tmp_path), "BEDROCK_PLATFORM_KEY": wrong})
        assert marker.MARKER not in str(caught.value)
