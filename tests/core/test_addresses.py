"""Addresses that others named: no spelling of a private one gets through, and no second look-up."""

import socket
import threading
import time
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import http
from core.http import Exchange, Timeouts, addresses
from tests.authority import Authority
from tests.core.http.test_exchange import OK, PATIENT, says, serving


def get_public(url, timeouts=PATIENT):
    """As what others named is fetched: from the public internet only."""
    with http.request("GET", url, {}, timeouts=timeouts, public_only=True) as response:
        return response.read(1000)


PUBLIC = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "192.167.255.255", "11.0.0.0", "126.255.255.255",
          "100.63.255.255", "100.128.0.0", "223.255.255.255", "2606:4700:4700::1111", "2001:200::1",
          "2a00:1450:4001:80b::200e"]  # fmt: skip
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.0", "100.127.255.255", "127.0.0.1", "127.255.255.255",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1",
    "192.0.0.9", "192.0.0.10", "192.0.0.255", "2001:1::1", "2001:3::1", "2001:4:112::1", "2001:30::1",
    "2001:1ff:ffff::1", "233.252.0.1", "ff0e::1",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_in_the_public_internet_may_be_called(address):
    assert addresses.is_public(ip_address(address))
    assert addresses.public_addresses(address, 443) == [address]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused(address):
    assert not addresses.is_public(ip_address(address))
    shown = f"[{address}]" if ":" in address else address
    with pytest.raises(http.NotPublic):
        http.checked_url(f"http://{shown}/")
    with pytest.raises(http.NotPublic):
        get_public(f"http://{shown}:9/")


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_no_address_that_python_knows_as_special_is_public(address):
    if addresses.is_public(address):
        assert address.is_global
        assert not address.is_multicast
        assert not address.is_reserved


HOSTILE = [
    "http://2130706433/", "http://017700000001/", "http://0x7f000001/", "http://0x7f.0.0.1/",
    "http://127.1/", "http://0177.0.0.1/", "http://127.0.0.01/", "http://127.0.0.1./", "http://localhost/",
    "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://printer.local/",
    "http://metadata.google.internal/", "http://１２７.０.０.１/", "http://ⓛocalhost/", "http://127。0。0。1/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1%25eth0]/",
    "http://[fe80::1%eth0]/", "http://[::1%251]/", "http://[v1.x]/", "http://[]/", "http://0/", "http://00/",
    "http://user@example.com/", "http://user:pw@example.com/", "http://@example.com/",
    "http://example.com@127.0.0.1/", "http://127.0.0.1\\@example.com/", "http://example.com\t/",
    "http://exa mple.com/", "http://example.com/\r\nx: y", "http://example..com/", "http://.com/",
    "http://example.com./", "http://-/", "http://a_b\u0000.com/", "http://exa%6dple.com/",
    "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)",
    "//example.com/", "example.com", "http:///path", "http://", "", "http://example.com:0/",
    "http://example.com:70000/", "http://example.com:x/", f"http://example.com/{'x' * 500}",
    f"http://{'a' * 64}.com/",
]  # fmt: skip


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_spellings_are_refused_with_a_sentence(url):
    with pytest.raises((http.NotPublic, http.NotSendable)) as refusal:
        http.checked_url(url)
    assert len(refusal.value.message) > 20
    with pytest.raises(http.HttpError):
        get_public(url, Timeouts(1, 1, 1, 1))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.com/hook?x=1", "https://example.com/hook?x=1"),
        ("https://EXAMPLE.com:8443/Hook", "https://example.com:8443/Hook"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("http://1.1.1.1:80/", "http://1.1.1.1:80/"),
        ("http://[2606:4700:4700::1111]:81/", "http://[2606:4700:4700::1111]:81/"),
        ("https://example.com/#part", "https://example.com/"),
        ("https://example.com", "https://example.com"),
    ],
)
def test_an_address_is_kept_as_dns_has_it(url, kept):
    assert http.checked_url(url) == kept


def test_private_addresses_pass_where_the_operator_lets_them():
    assert http.checked_url("http://localhost:80/x", private=True) == "http://localhost:80/x"
    with pytest.raises(http.NotSendable):
        http.checked_url("http://user@localhost/", private=True)


class Names:
    """A name server of the test's own: each look-up gets the next answer."""

    def __init__(self, monkeypatch, *answers):
        self.lookups, self._answers = [], list(answers)
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host, port, *rest, **named):
        if host == "hooks.example":
            self.lookups.append(host)
            host = self._answers.pop(0)
        return self._real(host, port, *rest, **named)


def as_if_public(monkeypatch):
    """Loopback stands in for the public internet: the tests have no other."""
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.1")


def test_a_name_that_leads_into_a_private_network_is_refused(monkeypatch):
    Names(monkeypatch, "10.0.0.7")
    with pytest.raises(http.NotPublic):
        get_public("http://hooks.example/")


def test_a_name_that_changes_its_mind_is_looked_up_once(monkeypatch):
    """DNS rebinding: public to the check, private to whoever would ask again."""
    as_if_public(monkeypatch)
    names = Names(monkeypatch, "127.0.0.1", "10.0.0.7")
    with serving(says(OK + b"Content-Length: 2\r\n\r\nok")) as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        assert get_public(f"http://hooks.example:{port}/") == b"ok"
    assert names.lookups == ["hooks.example"]
    assert f"host: hooks.example:{port}\r\n".encode() in server.requests[0]


def test_a_connection_to_an_address_that_was_not_checked_is_never_used(monkeypatch):
    """The pool may hold one, made for a provider of the operator's."""
    with serving(says(OK + b"Content-Length: 2\r\n\r\nok")) as server:
        with Exchange(PATIENT) as exchange:
            exchange.send("GET", server.url, {})
            exchange.read(10)
        with pytest.raises(http.NotPublic):
            get_public(server.url)
        as_if_public(monkeypatch)
        for _ in range(2):
            get_public(server.url)
        assert server.connections == 3
        assert len(server.requests) == 3


@pytest.fixture
def over_tls(tmp_path, monkeypatch):
    """A server's context for hooks.example; its authority is trusted, its name leads to loopback."""
    authority = Authority(tmp_path)
    as_if_public(monkeypatch)
    with authority.trusted(monkeypatch):
        yield authority.server("hooks.example")


@pytest.mark.parametrize("host", ["hooks.example", "127.0.0.1"])
def test_the_certificate_has_to_name_the_host_though_an_address_is_connected_to(
    over_tls, monkeypatch, host
):
    Names(monkeypatch, "127.0.0.1")
    server_names = []
    over_tls.sni_callback = lambda _socket, name, _context: server_names.append(name)
    with serving(says(OK + b"Content-Length: 2\r\n\r\nok"), over_tls) as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        url = f"https://{host}:{port}/"
        if host == "hooks.example":
            assert (get_public(url), server_names) == (b"ok", ["hooks.example"])
        else:
            with pytest.raises(http.Unreachable, match="certificate"):
                get_public(url)
            assert server.requests == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_limit_holds_for_connecting_and_shaking_hands_together(monkeypatch, scheme):
    """Somebody who dribbles the handshake would otherwise be waited for without end."""
    as_if_public(monkeypatch)
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_dribble, args=(server, over), daemon=True).start()
        url = f"{scheme}://127.0.0.1:{server.getsockname()[1]}/"
        began = time.monotonic()
        with pytest.raises(http.TimedOut):
            get_public(url, Timeouts(0.4, 0.4, 0.4, 0.8))
        assert time.monotonic() - began < 10
        over.set()


def _dribble(server, over):
    connection, _ = server.accept()
    piece = iter(b"\x16\x03\x03\x40\x00" + b"\x00" * 1000)
    try:
        while not over.wait(0.1):
            connection.sendall(bytes([next(piece)]))
    except OSError:
        pass


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch):
    over = threading.Event()
    monkeypatch.setattr(addresses, "LOOKUP_SECONDS", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [] if over.wait(30) else [])
    began = time.monotonic()
    with pytest.raises(http.Unreachable):
        get_public("http://hooks.example/")
    assert time.monotonic() - began < 10
    over.set()
