"""The URLs of webhooks: normalised, and restricted to the public internet."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

MAX_URL = 1000  # characters, before and after normalisation
MAX_HOST = 253
# The number of addresses that fit into the time of one delivery.
MAX_ADDRESSES = 4

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
# Browsers and resolvers read such a last label as part of an IPv4 address, in decimal, octal or hexadecimal.
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
BRACKETS = re.compile(r"\[[^\[\]]*\](:[0-9]*)?")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
SAFE_IN_PATH = "%/:@!$&'()*+,;=-._~"
# Control and format characters such as bidi marks, surrogates, private and unassigned characters, and all spaces.
FORBIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"))

# All public IPv6 addresses are in this range. Outside are, among others, the addresses that a gateway translates to
# IPv4 (RFC 6052, RFC 8215), and older notations of IPv4 addresses in IPv6.
PUBLIC_IPV6 = ip_network("2000::/3")
# Python's module `ipaddress` calls these networks global, but they have no hosts of the public internet: IPv4 protocol
# assignments (RFC 6890), `6to4` relays (RFC 7526) and IPv6 documentation (RFC 9637).
NO_HOSTS = (ip_network("192.0.0.0/24"), ip_network("192.88.99.0/24"), ip_network("3fff::/20"))
# The second half of an IPv6 address that contains an IPv4 address starts like this, without the "global" bit (ISATAP,
# RFC 5214).
ISATAP = 0x5EFE

Resolve = Callable[[str], Iterable[str]]  # returns a host's addresses; raises OSError
ToAscii = Callable[[str], str]  # returns a host name in DNS form, such as `xn--bcher-kva.example`; raises ValueError


class TargetRefused(Exception):
    """A webhook's URL is not allowed."""


def normalise_url(url: str, to_ascii: ToAscii) -> str:
    """The normal form of a webhook's URL. Raises TargetRefused with the error and its fix.

    Scheme and host become lower-case ASCII without port 443 and trailing dot. The path loses its dot segments, and
    characters that a request line cannot contain are percent-encoded. Two URLs of the same endpoint have the same
    normal form.
    """
    _check_characters(url)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise TargetRefused("this is not a URL; use the form https://host/path") from None
    if parts.scheme != "https" or not parts.netloc:
        raise TargetRefused("the URL must start with https:// and a host")
    if "@" in parts.netloc:
        raise TargetRefused("the URL must not contain a user name or password; verify the signature instead")
    if port not in (None, 443):
        raise TargetRefused("the port of the URL must be 443")
    query = f"?{_encode(parts.query, safe=SAFE_IN_PATH + '?')}" if parts.query else ""
    normal = f"https://{_host(parts, to_ascii)}{_without_dots(_encode(parts.path, safe=SAFE_IN_PATH))}{query}"
    if len(normal) > MAX_URL:
        raise TargetRefused(f"the encoded URL has {len(normal)} characters and can have at most {MAX_URL}")
    return normal


def host_of(url: str) -> str:
    """The host of a normalised URL, without brackets."""
    return urlsplit(url).hostname or ""


def addresses_of(host: str, resolve: Resolve) -> list[str]:
    """The addresses to try in order, IPv4 first, then by number. Raises TargetRefused.

    All addresses of a host must be public, because the owner of the name decides which one a request uses.
    """
    try:
        found = {_plain(address) for address in resolve(host)}
    except TimeoutError:
        raise TargetRefused(f"the DNS servers of {host} did not respond in time") from None
    except (OSError, UnicodeError):
        raise TargetRefused(f"the host {host} does not exist in the DNS") from None
    if not found or not all(is_public(str(address)) for address in found):
        raise TargetRefused(f"the host {host} is not on the public internet")
    ordered = sorted(found, key=lambda address: (address.version, int(address)))
    return [str(address) for address in ordered[:MAX_ADDRESSES]]


def is_public(address: str) -> bool:
    """Whether an address is not private, loopback, link-local, shared, reserved or multicast, also inside IPv6."""
    parsed = _plain(address)
    if isinstance(parsed, IPv6Address):
        if parsed not in PUBLIC_IPV6 or parsed.teredo or int(parsed) >> 32 & 0xFDFF_FFFF == ISATAP:
            return False
        if parsed.sixtofour is not None:
            return is_public(str(parsed.sixtofour))
    return parsed.is_global and not parsed.is_multicast and not any(parsed in network for network in NO_HOSTS)


def _plain(address: str) -> IPv4Address | IPv6Address:
    """An address without its zone. An IPv4 address in IPv6 notation becomes IPv4."""
    parsed = ip_address(address.partition("%")[0])
    return getattr(parsed, "ipv4_mapped", None) or parsed


def _check_characters(url: str) -> None:
    if len(url) > MAX_URL:
        raise TargetRefused(f"the URL has {len(url)} characters and can have at most {MAX_URL}")
    for place, character in enumerate(url):
        if character == "\\" or unicodedata.category(character) in FORBIDDEN:
            raise TargetRefused(f"the character U+{ord(character):04X} at position {place} is not allowed in a URL")
    if "#" in url:
        raise TargetRefused("the URL must not contain a fragment (#)")


def _host(parts: SplitResult, to_ascii: ToAscii) -> str:
    host = parts.hostname or ""
    if "%" in host:
        raise TargetRefused("the host must not contain a percent sign")
    if "[" in parts.netloc:
        return _ipv6(parts.netloc, host)
    try:
        host = to_ascii(host.removesuffix(".")).lower()
    except ValueError:
        raise TargetRefused("the host is not a domain name") from None
    labels = host.split(".")
    if NUMBER.fullmatch(labels[-1]):
        return _ipv4(host)
    if len(labels) < 2 or len(host) > MAX_HOST or not all(LABEL.fullmatch(label) for label in labels):
        raise TargetRefused("the host is not a full domain name, such as hooks.example.com")
    return host


def _ipv6(netloc: str, host: str) -> str:
    """In brackets, or without brackets for an address that is an IPv4 address."""
    try:
        address = IPv6Address(host)
    except AddressValueError:
        raise TargetRefused(f"[{host}] is not an IPv6 address") from None
    if BRACKETS.fullmatch(netloc) is None:
        raise TargetRefused("only a port can follow the brackets of an IPv6 address")
    plain = address.ipv4_mapped
    return f"[{address.compressed}]" if plain is None else str(plain)


def _ipv4(host: str) -> str:
    try:
        return str(IPv4Address(host))
    except AddressValueError:
        raise TargetRefused("an IPv4 address must be four decimal numbers without leading zeros") from None


def _encode(text: str, *, safe: str) -> str:
    """Percent-encode where necessary. Raises TargetRefused for a % that encodes nothing."""

    def escape(match: re.Match[str]) -> str:
        if match[1] is None:
            raise TargetRefused("two hexadecimal digits must follow a % in the URL; use %25 for a percent sign")
        character = chr(int(match[1], 16))
        return character if character in UNRESERVED else match[0].upper()

    return quote(ESCAPE.sub(escape, text), safe=safe)


def _without_dots(path: str) -> str:
    """A path without "." and ".." segments (RFC 3986, 5.2.4); "/" for an empty path."""
    kept: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
