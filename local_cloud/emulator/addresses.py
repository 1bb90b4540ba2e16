"""Addresses of AWS in the local cloud.

A browser on this machine does not find `https://d111111abcdef8.cloudfront.net` in the local cloud, and what it loads
from real AWS would be wrong. So texts that a browser reads have the addresses of the emulator instead.
"""

import os
import re
from collections.abc import Mapping
from typing import Any

# The environment variable of the emulator with the address at which browsers find the stage's distribution.
SITE = "LOCAL_CLOUD_SITE"

_DISTRIBUTION = re.compile(r"https://[a-z0-9]+\.cloudfront\.net(?![.\w])")
_SERVICES = re.compile(
    r"(https|wss)://(?:[a-z0-9.-]+\.(?:execute-api|s3)|cognito-idp)\.[a-z0-9-]+\.amazonaws\.com(?![.\w])"
    r"|(https)://[a-z0-9-]+\.auth\.[a-z0-9-]+\.amazoncognito\.com(?![.\w])"
)
_SCHEMES = {"https": "http", "wss": "ws"}


def gateway() -> str:
    """Host and port of this emulator."""
    return f"{os.environ['MINISTACK_HOST']}:{os.environ['GATEWAY_PORT']}"


def localize_site(text: str) -> str:
    """The text with the local address of the stage's distribution."""
    return _DISTRIBUTION.sub(os.environ[SITE], text)


def localize(text: str) -> str:
    """The text with local origins of distributions, APIs, buckets, issuers and sign-in pages.

    All but distributions have the origin of the emulator, which finds an issuer by the path of its address.
    """
    return localize_site(_SERVICES.sub(lambda found: f"{_SCHEMES[found[1] or found[2]]}://{gateway()}", text))


def localize_all(value: Any) -> Any:
    """The value with local addresses in all of its texts."""
    if isinstance(value, Mapping):
        return {name: localize_all(each) for name, each in value.items()}
    if isinstance(value, list):
        return [localize_all(each) for each in value]
    return localize(value) if isinstance(value, str) else value
