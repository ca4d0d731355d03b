"""Prints pip's configuration as uv's environment variables, one NAME=value per line.

uv doesn't read pip.conf or pip's variables. This way, a machine's package index, certificate or proxy
also applies to uv.
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
    completed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    for name, value in variables(completed.stdout).items():
        print(f"{name}={value}")


def variables(pip_config: str) -> dict[str, str]:
    """uv's variables for the output of `pip config list`. Like pip, uv then searches every index."""
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
    options = list(_options(pip_config))
    for current_section in _SECTIONS:
        for section, option, value in options:
            if section == current_section and value and option in _NAMES:
                settings[_NAMES[option]] = " ".join(value.split())
    if "UV_FIND_LINKS" in settings:  # uv separates these by commas
        settings["UV_FIND_LINKS"] = settings["UV_FIND_LINKS"].replace(" ", ",")
    return settings


def _options(pip_config: str) -> Iterator[tuple[str, str, str]]:
    """Section, option and value of lines such as `global.index-url='https://…'`."""
    for line in pip_config.splitlines():
        name, separator, value = line.partition("=")
        if separator:
            section, _, option = name.partition(".")
            yield section, option, str(ast.literal_eval(value))


if __name__ == "__main__":
    main()
