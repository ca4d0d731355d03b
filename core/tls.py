"""TLS contexts for all outgoing connections."""

import ssl

import certifi


def verifying() -> ssl.SSLContext:
    """Trusts the system's authorities (SSL_CERT_FILE adds one) and certifi's. Always checks host names."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
