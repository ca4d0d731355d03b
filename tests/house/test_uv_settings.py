"""What a machine has configured for pip holds for uv too, which installs the packages."""

import pytest

from bin.uv_settings import variables

ALL = {"UV_INDEX_STRATEGY": "unsafe-best-match"}


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ("", {}),
        ("global.index-url='https://a.example'", {"UV_DEFAULT_INDEX": "https://a.example"}),
        (
            "global.extra-index-url='\\nhttps://a.example/simple\\nhttps://b.example/simple'",
            {"UV_INDEX": "https://a.example/simple https://b.example/simple"},
        ),
        ("global.find-links='/wheels /more'", {"UV_FIND_LINKS": "/wheels,/more"}),
        ("install.no-index='true'", {"UV_NO_INDEX": "true"}),
        ("global.cert='/etc/ca.pem'", {"SSL_CERT_FILE": "/etc/ca.pem"}),
        ("global.trusted-host='a.example b.example'", {"UV_INSECURE_HOST": "a.example b.example"}),
        ("global.proxy='http://proxy.example:3128'", {"ALL_PROXY": "http://proxy.example:3128"}),
        ("global.constraint='/etc/constraints.txt'", {"UV_CONSTRAINT": "/etc/constraints.txt"}),
        (
            ":env:.index-url='https://env.example'\nglobal.index-url='https://file.example'\n"
            "install.index-url='https://install.example'",
            {"UV_DEFAULT_INDEX": "https://env.example"},
        ),
        (
            "install.index-url='https://install.example'\nglobal.index-url='https://file.example'",
            {"UV_DEFAULT_INDEX": "https://install.example"},
        ),
        ("global.disable-pip-version-check='1'\nfreeze.timeout='10'\nno option", {}),
    ],
)  # fmt: skip
def test_each_option_becomes_a_variable(listed, expected):
    assert variables(listed) == ALL | expected
