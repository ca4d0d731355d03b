"""Citations: the sources that an answer was given, as stored on the row and as shown to visitors.

Each number is one source (for a website: one page), however many of its chunks were given.
"""

from collections.abc import Sequence
from typing import Any

from core.knowledge.search import Found

Citation = dict[str, Any]

_SHOWN = ("number", "title", "url")


def cite(chunks: Sequence[Found], titles: dict[str, str]) -> list[Citation]:
    """One entry for each source among the chunks, numbered in their order. `titles` is by source."""
    cited: dict[tuple[str, str], Citation] = {}
    for chunk in chunks:
        page = page_of(chunk)
        entry = cited.setdefault(
            page,
            {
                "number": len(cited) + 1,
                "title": _title(chunk, titles),
                "url": chunk.url,
                "source_id": chunk.source_id,
                "chunk_ids": [],
            },
        )
        entry["chunk_ids"].append(chunk.chunk_id)
    return list(cited.values())


def page_of(chunk: Found) -> tuple[str, str]:
    """What a number identifies: the source, and the page that the chunk is on."""
    return chunk.source_id, chunk.url.partition("#")[0]


def shown(sources: Sequence[Citation]) -> list[Citation]:
    """The sources as the API returns them, without URLs that are not http or https."""
    return [{name: source.get(name, "") for name in _SHOWN} | _link(source) for source in sources]


def _title(chunk: Found, titles: dict[str, str]) -> str:
    return titles.get(chunk.source_id) or chunk.title or chunk.path or "Source"


def _link(source: Citation) -> Citation:
    url = str(source.get("url") or "")
    return {"url": url if url.startswith(("https://", "http://")) else ""}
