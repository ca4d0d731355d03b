"""Bedrock's Converse: of providers only, no program speaks it here."""

from core.providers.formats.converse.answers import read_answer, read_stop, read_usage
from core.providers.formats.converse.requests import write_request
from core.providers.formats.converse.streams import read_stream

__all__ = ["read_answer", "read_stop", "read_stream", "read_usage", "write_request"]
