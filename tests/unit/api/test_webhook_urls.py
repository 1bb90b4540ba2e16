"""Webhook URLs have one canonical form, and only URLs on the public internet are accepted."""

import random
import socket
import string
from urllib.parse import urlsplit

import pytest

from craftspark.notifications.webhook_urls import (
    MAX_ADDRESSES,
    MAX_URL,
    TargetRefused,
    addresses_of,
    host_of,
    is_public,
    normalise_url,
)
from lambdas.wiring.domain_names import to_ascii

PUBLIC = "93.184.216.34"


def normal(url: str) -> str:
    return normalise_url(url, to_ascii)


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "2001:0:53aa:64c::1",
        "fd00:ec2::254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "::a00:1",
        "fec0::1",
        "100::1",
        "1::1",
        "4000::1",
        "5f00::1",
        "3fff::1",
        "2001:db8::1",
        "2001:4860::5efe:10.0.0.1",
        "2001:4860::200:5efe:8.8.8.8",
        "2002:c058:6301::",
        "192.0.0.8",
        "192.88.99.1",
    ],
)
def test_no_internal_address_is_public(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(TargetRefused):
        addresses_of("example.com", lambda _: [PUBLIC, address])


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_internet_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://EXAMPLE.COM/In", "https://example.com/In"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com:/", "https://example.com/"),
        ("https://example.com./", "https://example.com/"),
        ("https://example.com?", "https://example.com/"),
        ("https://example.com?a=1", "https://example.com/?a=1"),
        ("https://example.com/a/./b/../c", "https://example.com/a/c"),
        ("https://example.com/a/%2e%2E/c", "https://example.com/c"),
        ("https://example.com/../../x", "https://example.com/x"),
        ("https://example.com/a/..", "https://example.com/"),
        ("https://example.com//a//", "https://example.com//a//"),
        ("https://example.com/%7euser/%c3%a9", "https://example.com/~user/%C3%A9"),
        ("https://example.com/é?q=ü", "https://example.com/%C3%A9?q=%C3%BC"),
        ('https://example.com/a"<>`{}|^', "https://example.com/a%22%3C%3E%60%7B%7D%7C%5E"),
        ("https://example.com/?u=https://other.example/%2f", "https://example.com/?u=https://other.example/%2F"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
        ("https://bu\u0308cher.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--BCHER-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example/", "https://xn--strae-oqa.example/"),
        ("https://日本語\u3002example/", "https://xn--wgv71a119e.example/"),
        ("https://\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com/", "https://example.com/"),
        (f"https://{PUBLIC}/", f"https://{PUBLIC}/"),
        ("https://[2606:4700:0:0:0:0:0:1111]/", "https://[2606:4700::1111]/"),
        ("https://[2606:4700::1111]:443", "https://[2606:4700::1111]/"),
        (f"https://[::ffff:{PUBLIC}]/", f"https://{PUBLIC}/"),
    ],
)
def test_a_url_has_one_normal_form(url: str, written: str) -> None:
    assert normal(url) == written
    assert normal(written) == written


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "javascript:alert(1)",
        "//example.com/",
        "example.com",
        "",
        "https:",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https://",
        "https://?x",
        "https://user:pass@example.com/",
        "https://user@example.com/",
        "https://@example.com/",
        "https://good.example@evil.example/",
        "https://example.com:8443/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://example.com:-443/",
        "https://example.com:\uff14\uff14\uff13/",
        "https://example.com:x/",
        "https://example.com/#part",
        "https://example.com/#",
        "https://example.com\\@evil.example/",
        "https:\\\\example.com/",
        "https://example.com/a b",
        " https://example.com/",
        "https://example.com/\n",
        "https://exam\tple.com/",
        "https://example.com/\x00",
        "https://example.com/\x7f",
        "https://example.com/\ud800",
        "https://example.com/\u202e",
        "https://exa\u00admple.com/",
        "https://example.com/\u00a0",
        "https://example.com/\u2028",
        "https://example.com/%",
        "https://example.com/%zz",
        "https://example.com/?%1",
        "https://ex%61mple.com/",
        "https://%65xample.com/",
        "https://127.0.0.1%2f@example.com/",
        "https://localhost/",
        "https://intranet/",
        "https://.example.com/",
        "https://example..com/",
        "https://example.com../",
        "https://-example.com/",
        "https://example-.com/",
        "https://my_host.example.com/",
        "https://*.example.com/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://xn--a.example/",
        "https://xn--\u00e9.example/",
        "https://\U0001f4a9\U0001f4a9.\ue000/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://127.0.0.01/",
        "https://1.2.3.4.5/",
        "https://256.1.1.1/",
        "https://example.1/",
        "https://example.0x/",
        "https://[::1/",
        "https://::1/",
        "https://[fe80::1%25eth0]/",
        "https://[1.2.3.4]/",
        "https://[v1.x]/",
        "https://[]/",
        "https://[2606:4700::1111]x/",
        "https://[2606:4700::1111].example/",
        "https://example.com[2606:4700::1111]/",
        "https://example.com/" + "x" * MAX_URL,
        "https://example.com/" + "é" * (MAX_URL // 3),
    ],
)
def test_an_invalid_endpoint_is_rejected(url: str) -> None:
    with pytest.raises(TargetRefused) as refused:
        normal(url)
    assert refused.value.args[0].isprintable()


@pytest.mark.parametrize("host", ["\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "①②⑦.0.0.1"])
def test_unusual_notations_of_an_address_are_normalised(host: str) -> None:
    with pytest.raises(TargetRefused):
        addresses_of(host_of(normal(f"https://{host}/")), lambda name: [name])


def test_any_text_is_rejected_or_has_one_normal_form() -> None:
    """Random text and mutations of valid URLs raise no other error. A canonical URL is ASCII and does not change."""
    chance = random.Random(11)
    alphabet = (
        string.printable + "éßü\u3002\uff0e\uff05\uff03\uff20\uff0f\uff1a\u202e\u200d\ud800\u0000" + "%2e%2f@[]\\:#?"
    )
    good = [
        "https://example.com/a/b?c=d",
        "https://bücher.example:443/%7e",
        "https://[2606:4700::1111]/",
        "https://1.2.3.4",
    ]
    accepted = 0
    for _ in range(20_000):
        letters = list(chance.choice(good))
        for _ in range(chance.randint(0, 4)):
            place = chance.randrange(len(letters) + 1)
            letters[place : place + chance.randint(0, 2)] = chance.choices(alphabet, k=chance.randint(0, 3))
        try:
            written = normal("".join(letters))
        except TargetRefused:
            continue
        accepted += 1
        assert written.isascii()
        assert written.isprintable()
        assert normal(written) == written
        parts = urlsplit(written)
        assert (parts.scheme, parts.port, parts.username, parts.fragment) == ("https", None, None, "")
        assert parts.path.startswith("/")
    assert accepted > 1000


def test_ipv4_comes_first_in_the_order_of_numbers() -> None:
    found = ["2606:4700::1", "104.16.0.9", "9.9.9.9", "104.16.0.10", "::ffff:9.9.9.9"]

    assert addresses_of("example.com", lambda _: found) == ["9.9.9.9", "104.16.0.9", "104.16.0.10", "2606:4700::1"]


def test_all_addresses_are_checked_and_a_few_are_tried() -> None:
    many = [f"93.184.216.{number}" for number in range(100)]

    assert addresses_of("example.com", lambda _: many) == many[:MAX_ADDRESSES]
    with pytest.raises(TargetRefused, match="public"):
        addresses_of("example.com", lambda _: [*many, "fd00::1"])


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (socket.gaierror("no"), "does not exist"),
        (UnicodeError("no"), "does not exist"),
        (TimeoutError("no"), "in time"),
    ],
)
def test_a_host_that_cannot_be_resolved_is_rejected(error: Exception, says: str) -> None:
    def resolve(host: str) -> list[str]:
        raise error

    with pytest.raises(TargetRefused, match=says):
        addresses_of("example.invalid", resolve)


def test_a_host_without_addresses_is_refused() -> None:
    with pytest.raises(TargetRefused):
        addresses_of("example.com", lambda _: [])
