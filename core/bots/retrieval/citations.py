"""What an answer was given to answer from: as it is kept on the row, and as a visitor may see it.

A number stands for one source (of a site: one page), whatever number of its chunks were given.
"""

from collections.abc import Sequence
from typing import Any

from core.knowledge.search import Found

Citation = dict[str, Any]

_SHOWN = ("number", "title", "url")


def cite(given: Sequence[Found], titles: dict[str, str]) -> list[Citation]:
    """One entry for each source among the chunks, numbered in their order. `titles` is by source."""
    cited: dict[tuple[str, str], Citation] = {}
    for chunk in given:
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
    """What gets one number: the source, and the page of it that the chunk stands on."""
    return chunk.source_id, chunk.url.partition("#")[0]


def shown(sources: Sequence[Citation]) -> list[Citation]:
    """The sources as the endpoint tells them. An address that no browser should follow is left out."""
    return [{name: source.get(name, "") for name in _SHOWN} | _link(source) for source in sources]


def _title(chunk: Found, titles: dict[str, str]) -> str:
    return titles.get(chunk.source_id) or chunk.title or chunk.path or "Source"


def _link(source: Citation) -> Citation:
    url = str(source.get("url") or "")
    return {"url": url if url.startswith(("https://", "http://")) else ""}
