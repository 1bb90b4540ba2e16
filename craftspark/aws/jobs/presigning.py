"""Presigned URLs without botocore's event pipeline: the same bytes for a tenth of the CPU time.

A status response has at least two URLs per image, and botocore takes a quarter of a millisecond for each. botocore
resolves the endpoint of a bucket (host and path, by region, endpoint and addressing) once. The rest is Signature
Version 4 in a query string, https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from craftspark.jobs.downloads import Download

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials
    from mypy_boto3_s3 import S3Client

ALGORITHM = "AWS4-HMAC-SHA256"
DISPOSITION = "response-content-disposition"


def utc_second() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What all URLs of one signing time and one set of credentials share: the signing key, the text to sign before a
    URL's digest, and the parameters before and after the validity.
    """

    key: bytes
    to_sign: bytes
    head: str
    token: str


@dataclass(frozen=True, kw_only=True)
class Presigner:
    """Presigned URLs for the objects of a bucket.

    A URL is valid for `lifetime_s` seconds from its signing time. The signing time is rounded down to half of the
    lifetime. So an object has the same URL for that long, and a new URL is valid for at least half of `lifetime_s`. A
    URL also ends at its download's `until`, and with the credentials of the role that signed it.
    """

    client: S3Client
    bucket: str
    lifetime_s: int
    now: Callable[[], datetime] = utc_second

    @cached_property
    def _place(self) -> tuple[str, str, str]:
        """The scheme, the host and the path before a key, as botocore resolves them."""
        link = self.client.generate_presigned_url("get_object", Params={"Bucket": self.bucket, "Key": "k"})
        parts = urlsplit(link)
        return parts.scheme, parts.netloc, parts.path.removesuffix("k")

    @cached_property
    def _signings(self) -> dict[tuple[ReadOnlyCredentials, int], Signing]:
        return {}

    @property
    def version(self) -> str:
        """Changes when the URLs change: with the signing time and with the role's credentials."""
        return f"{self._signing_time()}/{self._credentials().access_key}"

    def _signing_time(self) -> int:
        """The signing time in seconds since 1970."""
        period_s = max(1, self.lifetime_s // 2)
        return int(self.now().timestamp()) // period_s * period_s

    def _expires_s(self, signed_at: int, download: Download) -> int:
        """The validity of a URL in seconds, at least 1 as S3 requires."""
        if download.until is None:
            return self.lifetime_s
        return max(1, min(self.lifetime_s, int(download.until.timestamp()) - signed_at))

    def _credentials(self) -> ReadOnlyCredentials:
        # The credentials of a role change every few hours. botocore renews them on access.
        signer: Any = self.client._request_signer  # type: ignore[attr-defined]
        credentials: ReadOnlyCredentials = signer._credentials.get_frozen_credentials()
        return credentials

    def links(self, downloads: Iterable[Download]) -> list[str]:
        """A URL for each object, all with one signing time. The signature covers the file name."""
        scheme, host, prefix = self._place
        signed_at = self._signing_time()
        signing = self._signing(signed_at)
        urls = []
        for each in downloads:
            path = prefix + quote(each.key, safe="/~")
            named = f"{DISPOSITION}={quote(each.disposition, safe='-_.~')}" if each.disposition else ""
            # The canonical request has its parameters sorted by name.
            head = f"{signing.head}{self._expires_s(signed_at, each)}"
            canonical_query = f"{head}{signing.token}&X-Amz-SignedHeaders=host"
            # Upper-case letters sort before lower-case letters, so this parameter is the last.
            canonical_named = f"{canonical_query}&{named}" if named else canonical_query
            canonical = f"GET\n{path}\n{canonical_named}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
            digest = hashlib.sha256(canonical.encode()).hexdigest().encode()
            signature = hmac.digest(signing.key, signing.to_sign + digest, "sha256").hex()
            query = f"{head}&X-Amz-SignedHeaders=host{signing.token}"
            parameters = f"{named}&{query}" if named else query
            urls.append(f"{scheme}://{host}{path}?{parameters}&X-Amz-Signature={signature}")
        return urls

    def _signing(self, signed_at: int) -> Signing:
        """Made once for each signing time and set of credentials. A token takes longer to quote than a URL to sign."""
        credentials = self._credentials()
        known = self._signings.get((credentials, signed_at))
        if known is None:
            known = sign_at(datetime.fromtimestamp(signed_at, UTC), self.client.meta.region_name, credentials)
            self._signings.clear()
            self._signings[credentials, signed_at] = known
        return known


def sign_at(moment: datetime, region: str, credentials: ReadOnlyCredentials) -> Signing:
    """The parts that all URLs of this signing time and these credentials share."""
    time = moment.strftime("%Y%m%dT%H%M%SZ")
    day = time[:8]
    scope = f"{day}/{region}/s3/aws4_request"
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return Signing(
        key=key,
        to_sign=f"{ALGORITHM}\n{time}\n{scope}\n".encode(),
        head=f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={quote(f'{credentials.access_key}/{scope}', safe='-_.~')}"
        f"&X-Amz-Date={time}&X-Amz-Expires=",
        token=f"&X-Amz-Security-Token={quote(credentials.token, safe='-_.~')}" if credentials.token else "",
    )
