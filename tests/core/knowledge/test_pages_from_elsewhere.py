"""Pages and sitemaps over real HTTP, read by the worker's verb: no redirect leads into a private network."""

import gzip

import pytest

from core import configuration
from core.accounts.actor import OPERATOR
from core.bots import bots
from core.errors import SettingsError
from core.http import PrivateHosts
from core.knowledge import search, sources
from core.knowledge.reading import sitemaps
from tests.core.knowledge.conftest import now
from tests.core.test_addresses import Names
from tests.site import Canary, Says, Site

PRIVATE = "redirects to a private network"
ODD = "redirects to an address that isn’t a web page"
LAMPS = Says.page("Lamps", "The Norre takes a bulb of 60 watts.")


@pytest.fixture
def site(app, chosen):
    """A site of this network that the operator named, by its port: nothing else here is."""
    with Site() as running:
        may_read(chosen, running.host)
        yield running


@pytest.fixture
def canary():
    with Canary() as listening:
        yield listening


@pytest.fixture
def read(cast, bot, run_jobs):
    """`read(url)`: the source as it is once the worker has been at it."""

    def add(url: str, sitemap: bool = False):
        source = sources.add_page(cast.workspace, bot.id, url, OPERATOR, sitemap)
        run_jobs()
        return now(source)

    return add


def may_read(chosen, hosts: str) -> None:
    """As with PRIVATE_PAGES set to these."""
    sources.configure(bots.raise_version, chosen.model_copy(update={"private_pages": hosts}))


HIDDEN = {
    "loopback": "http://127.0.0.1:{port}/",
    "loopback by number": "http://2130706433:{port}/",
    "loopback by name": "http://localhost:{port}/",
    "loopback, IPv6": "http://[::1]:{port}/",
    "IPv4-mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "IPv4-mapped in hex": "http://[::ffff:7f00:1]:{port}/",
    "IPv4-compatible": "http://[::7f00:1]:{port}/",
    "NAT64": "http://[64:ff9b::7f00:1]:{port}/",
    "link-local": "http://169.254.169.254/latest/meta-data/",
    "link-local, IPv6": "http://[fe80::1]/",
    "private": "http://10.0.0.1/",
    "this machine": "http://0.0.0.0:{port}/",
    "without a scheme": "//127.0.0.1:{port}/",
    "a name that leads there": "http://hooks.example:{port}/",
    "a file": "file:///etc/passwd",
    "another protocol": "gopher://127.0.0.1:{port}/",
    "with a password": "http://user:secret@127.0.0.1:{port}/",
}
SAID = {"loopback by number": ODD, "a file": ODD, "another protocol": ODD, "with a password": ODD}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_page_that_leads_on_to_where_nobody_may_read_is_refused(
    site, canary, read, monkeypatch, name
):
    Names(monkeypatch, "127.0.0.1")
    site.pages["/a"] = Says.move(HIDDEN[name].format(port=canary.port))
    source = read(f"{site.url}/a")
    assert source.status == "failed"
    assert SAID.get(name, PRIVATE) in source.reason
    assert (site.requests, canary.visits) == (["/a"], 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_third_redirect_is_checked_like_the_first(site, canary, read, status):
    site.pages["/a"] = Says.move("/b", status)
    site.pages["/b"] = Says.move(f"{site.url}/c", status)
    site.pages["/c"] = Says.move(f"http://127.0.0.1:{canary.port}/", status)
    assert PRIVATE in read(f"{site.url}/a").reason
    assert (site.requests, canary.visits) == (["/a", "/b", "/c"], 0)


def test_where_everything_may_be_read_the_same_redirect_gets_there(site, canary, read, chosen):
    """So the canary above would have been heard."""
    may_read(chosen, "true")
    for host in ("127.0.0.1", "[::ffff:127.0.0.1]"):
        site.pages["/a"] = Says.move(f"http://{host}:{canary.port}/")
        assert "redirects to another page, which couldn’t be read" in read(f"{site.url}/a").reason
    assert canary.visits == 2


def test_a_page_that_leads_on_without_end_is_refused(site, read):
    site.pages |= {"/a": Says.move("/b"), "/b": Says.move("/a")}
    assert "redirects in a loop" in read(f"{site.url}/a").reason
    site.pages["/self"] = Says.move("/self#part")
    assert "redirects in a loop" in read(f"{site.url}/self").reason
    assert site.requests == ["/a", "/b", "/self"]


@pytest.mark.parametrize(("hops", "ready"), [(2, True), (3, True), (4, False)])
def test_three_redirects_are_followed(site, bot, read, hops, ready):
    site.pages |= {f"/{hop}": Says.move(f"/{hop + 1}") for hop in range(hops)}
    site.pages[f"/{hops}"] = LAMPS
    source = read(f"{site.url}/0")
    if not ready:
        assert source.reason == "The page redirects more than 3 times."
        return
    assert (source.status, source.reason) == ("ready", "")
    assert search.find(bot.id, "bulb")[0].url == f"{site.url}/{hops}"


@pytest.mark.parametrize("to", ["http://[", "http://%zz/", "https://", "javascript:1"])
def test_a_redirect_to_no_address_is_refused(site, read, to):
    site.pages["/a"] = Says.move(to)
    source = read(f"{site.url}/a")
    assert source.status == "failed"
    assert source.reason in (f"The page {ODD}.", "The page redirects to an invalid address.")


def test_a_page_with_nothing_behind_it_says_what_it_answered(site, read):
    site.pages["/moved"] = Says(status=302)
    assert "returned status 404" in read(f"{site.url}/none").reason
    assert "returned status 302" in read(f"{site.url}/moved").reason


@pytest.mark.parametrize(
    ("setting", "url", "included"),
    [
        ("false", "http://10.0.0.7/", False),
        ("", "http://10.0.0.7/", False),
        ("True", "http://10.0.0.7:81/", True),
        ("10.0.0.7", "http://10.0.0.7:81/", True),
        ("10.0.0.7:81", "http://10.0.0.7:81/x", True),
        ("10.0.0.7:81", "http://10.0.0.7:82/", False),
        ("10.0.0.7:80", "http://10.0.0.7/", True),
        ("wiki.example:443", "https://wiki.example/", True),
        ("Wiki.Example , 10.0.0.7", "http://wiki.example/", True),
        ("wiki.example", "http://a.wiki.example/", False),
        ("[fd00::1]:81", "http://[fd00::1]:81/", True),
        ("[fd00::1]", "http://[fd00::2]/", False),
    ],
)
def test_the_operator_names_hosts_with_or_without_their_port(setting, url, included):
    assert PrivateHosts.parse(setting).include(url) == included


@pytest.mark.parametrize("setting", ["perhaps?", "http://wiki.example", "wiki.example/a", "a b"])
def test_what_is_no_list_of_hosts_is_refused(tmp_path, setting):
    with pytest.raises(SettingsError, match="PRIVATE_PAGES cannot be used: .* hosts such as"):
        configuration.read({"DATA_DIR": str(tmp_path), "PRIVATE_PAGES": setting})


# Sitemaps


def test_a_sitemap_is_read_with_those_that_it_names(site, bot, read):
    site.pages |= {"/lamps": LAMPS, "/chairs": Says.page("Chairs", "A chair of beech.")}
    site.sitemap("/lamps.xml", "/lamps")
    site.pages["/chairs.xml.gz"] = Says(gzip.compress(site.sitemap_xml("/chairs", "/lamps")))
    site.sitemap("/deep.xml", "/lamps.xml", "/all.xml", index=True)
    source = read(site.sitemap("/all.xml", "/chairs.xml.gz", "/deep.xml", index=True), True)
    assert (source.status, source.reason, source.chunks, source.total) == ("ready", "", 2, 2)
    assert search.find(bot.id, "beech")[0].url == f"{site.url}/chairs"
    assert sorted(site.requests) == sorted(set(site.requests)), "something was fetched twice"


def test_addresses_of_other_sites_are_left_out_and_counted(site, canary, read):
    site.pages["/lamps"] = LAMPS
    other = f"http://localhost:{canary.port}/"
    url = site.sitemap("/s.xml", "/lamps", other, "http://[", "https://example.com/a")
    source = read(url, True)
    assert (source.status, source.chunks) == ("ready", 1)
    assert source.reason == "Skipped addresses on other sites: 3."
    assert canary.visits == 0


def test_a_private_port_of_the_sites_own_host_is_not_read(site, canary, read):
    site.pages["/lamps"] = LAMPS
    source = read(site.sitemap("/s.xml", "/lamps", f"http://127.0.0.1:{canary.port}/x"), True)
    assert "1 of 2 pages couldn’t be read, such as /x: " in source.reason
    assert canary.visits == 0


def test_a_sitemap_that_leads_on_to_the_sites_other_name_keeps_its_pages(
    site, read, chosen, monkeypatch
):
    Names(monkeypatch, *["127.0.0.1"] * 9)
    port = site.host.partition(":")[2]
    may_read(chosen, f"{site.host}, hooks.example:{port}")
    site.pages["/lamps"] = LAMPS
    site.pages["/s.xml"] = Says.move(f"http://hooks.example:{port}/there.xml")
    site.sitemap("/there.xml", f"http://hooks.example:{port}/lamps")
    assert (read(f"{site.url}/s.xml", True).status, site.requests[-1]) == ("ready", "/lamps")


def test_pages_that_fail_are_counted_and_the_first_says_why(site, read):
    site.pages |= {
        "/lamps": LAMPS,
        "/picture": Says(b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        "/away": Says(b"", status=503),
        "/empty": Says(b"<html><body><nav>Menu</nav></body></html>"),
    }
    source = read(site.sitemap("/s.xml", "/lamps", "/away", "/picture", "/none", "/empty"), True)
    assert (source.status, source.chunks) == ("ready", 1)
    said = "3 of 5 pages couldn’t be read, such as /away: The page couldn’t be read: it returned status"
    assert source.reason == f"{said} 503."


def test_a_sitemap_of_which_no_page_can_be_read_says_why(site, read):
    source = read(site.sitemap("/s.xml", "/a", "/b"), True)
    assert source.status == "failed"
    assert source.reason.startswith("2 of 2 pages couldn’t be read, such as /a: ")


def test_sitemaps_in_it_that_cannot_be_read_are_counted(site, read):
    site.pages["/lamps"] = LAMPS
    site.sitemap("/lamps.xml", "/lamps")
    source = read(site.sitemap("/all.xml", "/none.xml", "/lamps.xml", index=True), True)
    assert source.status == "ready"
    assert source.reason == "Nested sitemaps that couldn’t be read: 1."


def test_a_hundred_thousand_entries_are_read_as_far_as_the_plan_goes(site, cast, read):
    most = cast.workspace.plan.sitemap_pages
    places = [f"/{number}" for number in range(100_000)]
    site.pages |= dict.fromkeys(places, LAMPS)
    source = read(site.sitemap("/s.xml", *places), True)
    assert (source.status, source.chunks) == ("ready", most)
    assert source.reason == (
        f"The sitemap lists 100,000 pages; your plan includes the first {most:,}."
    )
    assert site.requests == ["/s.xml", *places[:most]]


def test_sitemaps_of_sitemaps_come_to_an_end(site, read, monkeypatch):
    monkeypatch.setattr(sitemaps, "MOST_SITEMAPS", 4)
    site.pages["/lamps"] = LAMPS
    for number in range(9):
        site.sitemap(f"/{number}.xml", f"/{number + 1}.xml", index=True)
    assert "lists no pages" in read(f"{site.url}/0.xml", True).reason
    assert len(site.requests) == 4


LAUGHS = b'<!DOCTYPE u [<!ENTITY a "ha">%s]><urlset><url><loc>&z;</loc></url></urlset>' % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(98, 123)
)


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE u [<!ENTITY a "%s">]><u a="%s"/>' % (b"x" * 100_000, b"&a;" * 10_000),
        b'<!DOCTYPE u [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><loc>&a;</loc></urlset>',
        b'<!DOCTYPE u SYSTEM "%s/evil.dtd"><urlset><loc>%s/lamps</loc></urlset>',
        b"<urlset><url><loc>http://127.0.0.1/",
        b"\x1f\x8b broken",
        b"<!doctype html><title>No sitemap</title>",
    ],
    ids=["laughs", "quadratic", "a file", "another's dtd", "cut off", "no gzip", "a page"],
)
def test_a_hostile_sitemap_is_refused_with_a_sentence(site, read, data):
    site.pages["/s.xml"] = Says(data.replace(b"%s", site.url.encode()), "application/xml")
    source = read(f"{site.url}/s.xml", True)
    assert source.status == "failed"
    assert "isn’t a sitemap" in source.reason or "damaged" in source.reason
    assert site.requests == ["/s.xml"]


def test_a_sitemap_that_unpacks_to_too_much_is_refused(site, read):
    site.pages["/s.xml.gz"] = Says(gzip.compress(b"<urlset>" + b" " * (21 << 20)))
    assert "This is larger than 20 MB when unpacked." in read(f"{site.url}/s.xml.gz", True).reason
    site.pages["/page"] = Says(
        gzip.compress(b" " * (6 << 20)), headers={"Content-Encoding": "gzip"}
    )
    assert "This is larger than 5 MB when unpacked." in read(f"{site.url}/page").reason


def test_a_page_that_never_ends_is_refused_at_its_limit(site, read):
    site.pages["/large"] = Says(b"<p>" + b"x" * (5 << 20))
    assert "response was too large" in read(f"{site.url}/large").reason
