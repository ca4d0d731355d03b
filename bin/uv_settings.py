"""Prints pip's configuration as uv's environment variables, NAME=value, one a line.

uv reads neither pip.conf nor pip's variables; whoever configured pip for this machine (an index of
their own, a certificate, a proxy) gets the same packages from uv.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator

_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "constraint": "UV_CONSTRAINT",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "proxy": "ALL_PROXY",
}
_SECTIONS = ("global", "install", ":env:")
"""Each overrides those before it."""


def main() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    for name, value in variables(done.stdout).items():
        print(f"{name}={value}")


def variables(listed: str) -> dict[str, str]:
    """uv's variables for what `pip config list` printed. Asks every index, as pip does."""
    found = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    options = list(_options(listed))
    for wanted in _SECTIONS:
        for section, option, value in options:
            if section == wanted and value and option in _NAMES:
                found[_NAMES[option]] = " ".join(value.split())
    if "UV_FIND_LINKS" in found:  # uv separates these by commas
        found["UV_FIND_LINKS"] = found["UV_FIND_LINKS"].replace(" ", ",")
    return found


def _options(listed: str) -> Iterator[tuple[str, str, str]]:
    """Section, option and value of lines such as `global.index-url='https://…'`."""
    for line in listed.splitlines():
        name, found, value = line.partition("=")
        if found:
            section, _, option = name.partition(".")
            yield section, option, str(ast.literal_eval(value))


if __name__ == "__main__":
    main()
