"""Addresses of AWS in the local cloud.

A browser on this machine does not find `https://d111111abcdef8.cloudfront.net` in the local cloud, and what it loads
from real AWS would be wrong. So texts that a browser reads have the addresses of the emulator instead.
"""

import os
import re

# The environment variable of the emulator with the address at which browsers find the stage's distribution.
SITE = "LOCAL_CLOUD_SITE"

DISTRIBUTION = re.compile(r"https://[a-z0-9]+\.cloudfront\.net(?![.\w])")
_AWS = r"[a-z0-9-]+\.amazonaws\.com"
_API = re.compile(rf"(https|wss)://([a-z0-9]+)\.execute-api\.{_AWS}")
_SIGN_IN = re.compile(rf"https://(?:cognito-idp\.{_AWS}|[a-z0-9-]+\.auth\.[a-z0-9-]+\.amazoncognito\.com)")
_BUCKET = re.compile(rf"https://(?:([a-z0-9.-]+)\.)s3\.{_AWS}")
_SCHEMES = {"https": "http", "wss": "ws"}


def gateway() -> str:
    """Host and port of this emulator."""
    return f"{os.environ['MINISTACK_HOST']}:{os.environ['GATEWAY_PORT']}"


def localize_site(text: str) -> str:
    """The text with the local address of the stage's distribution."""
    return DISTRIBUTION.sub(os.environ[SITE], text)


def localize(text: str) -> str:
    """The text with local addresses of distributions, APIs, sign-in pages and issuers, and buckets.

    An API and a bucket become the first part of a path, and an issuer the first part of the path of its discovery.
    """
    text = _API.sub(lambda found: f"{_SCHEMES[found[1]]}://{gateway()}/_aws/execute-api/{found[2]}", text)
    text = _SIGN_IN.sub(f"http://{gateway()}", text)
    return localize_site(_BUCKET.sub(lambda found: f"http://{gateway()}/{found[1]}", text))
