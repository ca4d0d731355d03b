"""What a browser has to fetch: the scripts of the frame, and styles and scripts of a console page, gzipped.

The widget's loader is weighed in test_widget.py.
"""

import gzip
import re
from urllib.parse import urljoin, urlsplit

import pytest

from tests.bot_client import make_bot

KILOBYTE = 1024
NAMED = re.compile(r'(?:src|href)="([^"]+\.(?:js|css)(?:\?[^"]*)?)"')
IMPORTED = re.compile(r'(?:from|import)\s*"(\.{1,2}/[\w./@-]+)"')


def loaded_by(client, page: str) -> dict[str, int]:
    """What a page loads, and what that imports, by address; each with what it weighs."""
    found: dict[str, int] = {}
    wanted = NAMED.findall(client.get(page).text)
    while wanted:
        address = wanted.pop()
        if urlsplit(address).path in found:
            continue
        answer = client.get(address)
        assert answer.status_code == 200, address
        found[urlsplit(address).path] = len(gzip.compress(answer.data, 9))
        wanted += [urljoin(address, name) for name in IMPORTED.findall(answer.text)]
    return found


def test_the_frames_scripts_weigh_35_kilobytes_at_most(app, cast):
    found = loaded_by(app.test_client(), f"/chat/{make_bot(cast.workspace).id}/frame")
    scripts = {path: weight for path, weight in found.items() if path.endswith(".js")}
    assert {"main.js", "talk.js", "blocks.js", "parser.min.js"} <= {
        path.rpartition("/")[2] for path in scripts
    }
    assert sum(scripts.values()) <= 35 * KILOBYTE


@pytest.mark.parametrize("path", ["", "/bots", "/provider-keys", "/usage"])
def test_a_console_pages_styles_and_scripts_weigh_60_kilobytes_at_most(signed_in, path):
    found = loaded_by(signed_in("owner").client, f"/w/acme{path}")
    assert {"tokens.css", "app.js", "htmx.min.js", "dialog.js"} <= {
        path.rpartition("/")[2] for path in found
    }
    assert sum(found.values()) <= 60 * KILOBYTE
