"""An authority of the tests' own, and certificates of servers on loopback that it vouches for."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.http import connections


class Authority:
    """Its certificate is `root.pem` in the folder; a server's context names what it is for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("root")
        root = self._signed(self._name, self._key, x509.BasicConstraints(True, None))
        self.path = folder / "root.pem"
        self.path.write_bytes(root)

    def server(self, *names: str) -> ssl.SSLContext:
        """The context of a server whose certificate holds those names or IP addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        held = x509.SubjectAlternativeName([_general(name) for name in names])
        path = self._folder / f"{names[0]}.pem"
        path.write_bytes(self._signed(_named("leaf"), key, held) + _pem(key))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    @contextmanager
    def trusted(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """As an operator would, by SSL_CERT_FILE."""
        monkeypatch.setenv("SSL_CERT_FILE", str(self.path))
        connections.tls.cache_clear()
        yield
        connections.tls.cache_clear()

    def _signed(self, subject: x509.Name, key: Any, extension: Any) -> bytes:
        now, public = datetime.now(UTC), key.public_key()
        mine = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = (
            x509.CertificateBuilder(self._name, subject, public, x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(mine, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return made.public_bytes(serialization.Encoding.PEM)


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: Any) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
