"""Whom we believe: the one way to make a context for TLS, used by everything that connects to others."""

import ssl

import certifi


def verifying() -> ssl.SSLContext:
    """The system's authorities (SSL_CERT_FILE adds one) and certifi's. Names are always checked."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
