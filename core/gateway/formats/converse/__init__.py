"""Bedrock's Converse: of providers only, no program speaks it here."""

from core.gateway.formats.converse.answers import read_answer
from core.gateway.formats.converse.requests import write_request
from core.gateway.formats.converse.streams import read_stream

__all__ = ["read_answer", "read_stream", "write_request"]
