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
    from mypy_boto3_s3 import S3Client

ALGORITHM = "AWS4-HMAC-SHA256"
DISPOSITION = "response-content-disposition"


def utc_second() -> datetime:
    return datetime.now(UTC)


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
    def _keys(self) -> dict[tuple[str, str], bytes]:
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

    def _credentials(self) -> Any:
        # The credentials of a role change every few hours. botocore renews them on access.
        signer: Any = self.client._request_signer  # type: ignore[attr-defined]
        return signer._credentials.get_frozen_credentials()

    def links(self, downloads: Iterable[Download]) -> list[str]:
        """A URL for each object, all with one signing time. The signature covers the file name."""
        credentials = self._credentials()
        scheme, host, prefix = self._place
        signed_at = self._signing_time()
        moment = datetime.fromtimestamp(signed_at, UTC).strftime("%Y%m%dT%H%M%SZ")
        day, region = moment[:8], self.client.meta.region_name
        scope = f"{day}/{region}/s3/aws4_request"
        before = (
            f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={quote(f'{credentials.access_key}/{scope}', safe='-_.~')}"
            f"&X-Amz-Date={moment}&X-Amz-Expires="
        )
        # The canonical request has its parameters sorted by name.
        token = f"&X-Amz-Security-Token={quote(credentials.token, safe='-_.~')}" if credentials.token else ""
        key = self._signing_key(credentials.secret_key, day, region)
        start = f"{ALGORITHM}\n{moment}\n{scope}\n".encode()
        urls = []
        for each in downloads:
            path = prefix + quote(each.key, safe="/~")
            named = f"{DISPOSITION}={quote(each.disposition, safe='-_.~')}" if each.disposition else ""
            expires_s = self._expires_s(signed_at, each)
            canonical_query = f"{before}{expires_s}{token}&X-Amz-SignedHeaders=host"
            # Upper-case letters sort before lower-case letters, so this parameter is the last.
            canonical_named = f"{canonical_query}&{named}" if named else canonical_query
            canonical = f"GET\n{path}\n{canonical_named}\nhost:{host}\n\nhost\nUNSIGNED-PAYLOAD"
            digest = hashlib.sha256(canonical.encode()).hexdigest().encode()
            signature = hmac.digest(key, start + digest, "sha256").hex()
            query = f"{before}{expires_s}&X-Amz-SignedHeaders=host{token}"
            parameters = f"{named}&{query}" if named else query
            urls.append(f"{scheme}://{host}{path}?{parameters}&X-Amz-Signature={signature}")
        return urls

    def _signing_key(self, secret: str, day: str, region: str) -> bytes:
        """The signing key of the day, derived once."""
        known = self._keys.get((secret, day))
        if known is None:
            known = f"AWS4{secret}".encode()
            for part in (day, region, "s3", "aws4_request"):
                known = hmac.digest(known, part.encode(), "sha256")
            self._keys.clear()
            self._keys[secret, day] = known
        return known
